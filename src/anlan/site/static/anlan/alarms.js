// The alarm list: what is ticked stays ticked when the rows are fetched again, and the button says how many.
"use strict";
(function () {
  const ticked = new Set();
  const boxes = () => Array.from(document.querySelectorAll('input[name="alarm"]'));
  function count() {
    const all = boxes();
    const some = all.filter((box) => box.checked).length;
    document.querySelectorAll("[data-needs-checked]").forEach((button) => {
      button.disabled = some === 0;
      if (!button.dataset.words) button.dataset.words = button.textContent;
      button.textContent = some ? button.dataset.words + " " + some : button.dataset.words;
    });
    document.querySelectorAll("[data-check-all]").forEach((box) => {
      box.checked = all.length > 0 && some === all.length;
      box.indeterminate = some > 0 && some < all.length;
    });
  }
  document.addEventListener("change", (e) => {
    if (e.target.matches("[data-check-all]")) boxes().forEach((box) => { box.checked = e.target.checked; });
    if (e.target.matches('[data-check-all],input[name="alarm"]')) {
      ticked.clear();
      boxes().forEach((box) => { if (box.checked) ticked.add(box.value); });
      count();
    }
  });
  document.addEventListener("htmx:afterSwap", () => {
    boxes().forEach((box) => { box.checked = ticked.has(box.value); });
    count();
  });
  window.addEventListener("pageshow", count);
  count();
})();
