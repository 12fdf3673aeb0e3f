"use strict";
// Marks the lines of #L10-L20, which a style sheet cannot, and lets a click with the shift key choose them.
(() => {
  const range = () => (/^#L(\d{1,7})(?:-L(\d{1,7}))?$/.exec(location.hash) || []).slice(1).filter(Boolean).map(Number);
  const show = () => {
    for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    const lines = range();
    if (lines.length < 2) return;
    const first = Math.min(...lines), last = Math.max(...lines);
    for (let line = first; line <= last; line++) {
      const row = document.getElementById("L" + line);
      if (row === null) break;
      row.classList.add("chosen");
      if (line === first) row.scrollIntoView({ block: "center" });
    }
  };
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("td.n a") : null;
    const lines = range();
    if (link === null || !event.shiftKey || lines.length === 0) return;
    event.preventDefault();
    location.hash = "L" + lines[0] + "-L" + link.dataset.n;
  });
  addEventListener("hashchange", show);
  show();
})();
