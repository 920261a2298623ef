// The keyboard, and ids that are copied by a click. Every page works without this file.
"use strict";

(() => {
  const inField = (target) => target.closest("input, select, textarea, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let going = false;

  const walk = (step) => {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.hasAttribute("data-here"));
    const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
    all.forEach((row) => row.removeAttribute("data-here"));
    next.setAttribute("data-here", "");
    (next.querySelector("a") || next.querySelector("button, input") || next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  };

  const activate = (key) => {
    const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!control || control.disabled) return false;
    const isText = control.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
    if (isText) control.focus(); else control.click();
    return true;
  };

  const tick = () => {
    const box = document.querySelector("[data-row][data-here] input[type=checkbox]");
    if (box) box.click();
    return Boolean(box);
  };

  const words = (control) =>
    (control.getAttribute("aria-label") || control.labels?.[0]?.textContent || control.textContent).trim();

  const help = () => {
    const shortcuts = [["?", "This list"], ["g …", "Go to an area"]];
    if (rows().length) shortcuts.push(["j", "Next row"], ["k", "Row before"], ["Enter", "Open it"]);
    if (document.querySelector("[data-row] input[type=checkbox]")) shortcuts.push(["x", "Select the row"]);
    document.querySelectorAll("[data-key]").forEach((control) => shortcuts.push([control.dataset.key, words(control)]));
    document.querySelectorAll("[data-go]").forEach((link) => shortcuts.push([`g ${link.dataset.go}`, words(link)]));
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "Keyboard");
    const list = document.createElement("dl");
    list.className = "facts";
    for (const [key, meaning] of shortcuts) {
      const term = list.appendChild(document.createElement("dt"));
      term.appendChild(document.createElement("kbd")).textContent = key;
      list.appendChild(document.createElement("dd")).textContent = meaning.replace(/\s+/g, " ");
    }
    const close = document.createElement("button");
    close.className = "button";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    dialog.append(list, close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  const go = (key) => {
    going = false;
    const link = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) link.click();
    return Boolean(link);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const tickbox = event.target.matches("input[type=checkbox], input[type=radio]");
    if (event.target.closest("dialog")) return;
    if (inField(event.target) && !tickbox) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const key = event.key;
    const done = going ? go(key)
      : key === "g" ? (going = true)
      : key === "j" ? (walk(1), true)
      : key === "k" ? (walk(-1), true)
      : key === "?" ? (help(), true)
      : key === "x" && tick() ? true
      : activate(key);
    if (done) event.preventDefault();
    if (going) setTimeout(() => { going = false; }, 1500);
  });

  const waiting = new WeakSet();
  document.addEventListener("click", (event) => {
    const copied = event.target.closest("[data-copy]");
    if (!copied || waiting.has(copied) || !navigator.clipboard) return;
    waiting.add(copied);
    const before = copied.textContent;
    navigator.clipboard.writeText(copied.dataset.copy)
      .then(() => { copied.textContent = "copied"; }, () => { copied.textContent = "not copied"; })
      .then(() => setTimeout(() => { copied.textContent = before; waiting.delete(copied); }, 900));
  });

  // Whoever clicks twice means it once; another button of the same form is another matter.
  const sent = new WeakMap();
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    const last = sent.get(event.target);
    const again = last && last.button === event.submitter && event.timeStamp - last.at < 1000;
    if (again) event.preventDefault();
    else sent.set(event.target, { button: event.submitter, at: event.timeStamp });
  });

  // On a phone the areas are a strip: it begins where one is.
  const strip = document.querySelector(".side");
  const here = strip?.querySelector("[aria-current]");
  if (here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
})();
