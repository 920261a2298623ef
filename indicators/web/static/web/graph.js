// Pan, zoom and highlight for a drawn graph, by pointer and by keys. Without this file it is a picture of links.
"use strict";

(() => {
  const LEAST = 0.2;
  const MOST = 1.5;

  const start = (frame) => {
    const svg = frame.querySelector("svg");
    if (!svg) return;
    const whole = svg.viewBox.baseVal;
    const home = { x: whole.x, y: whole.y, width: whole.width, height: whole.height };
    let view = { ...home };
    let grip = null;

    const show = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);

    const zoom = (factor, cx = view.x + view.width / 2, cy = view.y + view.height / 2) => {
      const width = Math.min(Math.max(view.width * factor, home.width * LEAST), home.width * MOST);
      const scale = width / view.width;
      view = {
        x: cx - (cx - view.x) * scale,
        y: cy - (cy - view.y) * scale,
        width,
        height: view.height * scale,
      };
      show();
    };

    const move = (dx, dy) => {
      view.x += dx;
      view.y += dy;
      show();
    };

    const reset = () => {
      view = { ...home };
      show();
    };

    const place = (event) => {
      const point = new DOMPoint(event.clientX, event.clientY);
      return point.matrixTransform(svg.getScreenCTM().inverse());
    };

    const near = (id) => {
      const edges = [...svg.querySelectorAll("[data-first]")];
      const mine = edges.filter((edge) => edge.dataset.first === id || edge.dataset.second === id);
      const ids = new Set(mine.flatMap((edge) => [edge.dataset.first, edge.dataset.second]).concat(id));
      edges.forEach((edge) => edge.classList.toggle("dim", !mine.includes(edge)));
      svg.querySelectorAll("[data-node]").forEach((node) => {
        node.classList.toggle("dim", !ids.has(node.dataset.node));
      });
    };

    const all = () => svg.querySelectorAll(".dim").forEach((shape) => shape.classList.remove("dim"));

    const nodeOf = (event) => event.target.closest?.("[data-node]")?.dataset.node;

    svg.addEventListener("pointerover", (event) => { const id = nodeOf(event); if (id) near(id); });
    svg.addEventListener("pointerout", all);
    svg.addEventListener("focusin", (event) => { const id = nodeOf(event); if (id) near(id); });
    svg.addEventListener("focusout", all);

    // The page scrolls as ever; only with Ctrl does the wheel zoom, as on maps.
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const at = place(event);
      zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, at.x, at.y);
    }, { passive: false });

    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || nodeOf(event)) return;
      grip = place(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const at = place(event);
      move(grip.x - at.x, grip.y - at.y);
    });
    svg.addEventListener("pointerup", () => { grip = null; });
    svg.addEventListener("pointercancel", () => { grip = null; });

    const keys = {
      "+": () => zoom(1 / 1.25), "=": () => zoom(1 / 1.25), "-": () => zoom(1.25), 0: reset,
      ArrowLeft: () => move(-view.width / 10, 0), ArrowRight: () => move(view.width / 10, 0),
      ArrowUp: () => move(0, -view.height / 10), ArrowDown: () => move(0, view.height / 10),
    };
    frame.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    });

    const tools = document.createElement("div");
    tools.className = "row";
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "View of the graph");
    const buttons = [["Closer", keys["+"]], ["Farther", keys["-"]], ["Left", keys.ArrowLeft],
      ["Right", keys.ArrowRight], ["Up", keys.ArrowUp], ["Down", keys.ArrowDown], ["Whole", reset]];
    for (const [words, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button quiet small";
      button.textContent = words;
      button.addEventListener("click", act);
      tools.append(button);
    }
    frame.prepend(tools);
  };

  document.querySelectorAll("[data-graph]").forEach(start);
})();
