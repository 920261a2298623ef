// Saves a form while it is written in. Without this file its Save button does the same.
"use strict";

(() => {
  const PAUSE = 1500;

  const watch = (form) => {
    const said = form.querySelector("[data-saved]");
    let timer = 0;
    let running = false;
    let again = false;
    const say = (words) => { if (said) said.textContent = words; };

    const save = async () => {
      if (running) { again = true; return; }
      running = true;
      const body = new FormData(form);
      body.set("act", "autosave");
      try {
        const answer = await fetch(form.action || location.href, { method: "POST", body, redirect: "error" });
        if (answer.status === 204) say(`Saved at ${new Date().toLocaleTimeString()}`);
        else say(answer.status === 409 ? await answer.text() : "Not saved by itself. Use Save.");
      } catch {
        say("Not saved: the node can't be reached, or you are signed out.");
      }
      running = false;
      if (again) { again = false; save(); }
    };

    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(save, PAUSE);
    });
    form.addEventListener("submit", () => clearTimeout(timer));
  };

  document.querySelectorAll("form[data-autosave]").forEach(watch);
})();
