// Shows how far an upload is. Without this file the form uploads by itself.
"use strict";

(() => {
  const MOST = 16 * 1024 * 1024;

  const watch = (form) => {
    const line = form.querySelector("[data-progress]");
    const bar = line.querySelector("progress");
    const words = line.querySelector("[role=status]");
    const button = form.querySelector("button");
    const file = form.querySelector("input[type=file]");

    const stop = (message) => {
      button.disabled = false;
      words.textContent = message;
    };

    form.addEventListener("submit", (event) => {
      if (!file.files.length) return;
      event.preventDefault();
      line.hidden = false;
      if (file.files[0].size > MOST) {
        stop("The file has more than 16 MiB; submit it in parts.");
        return;
      }
      button.disabled = true;
      const request = new XMLHttpRequest();
      request.upload.addEventListener("progress", (sent) => {
        if (!sent.lengthComputable) return;
        bar.value = Math.round((100 * sent.loaded) / sent.total);
        words.textContent = `${bar.value} %`;
      });
      request.addEventListener("load", () => {
        if (request.status < 400 && request.responseURL) location.assign(request.responseURL);
        else stop("It was not taken. Reload the page and try again.");
      });
      request.addEventListener("error", () => stop("The connection ended. Try again."));
      request.open("POST", form.action);
      request.send(new FormData(form));
    });
  };

  document.querySelectorAll("form[data-upload]").forEach(watch);
})();
