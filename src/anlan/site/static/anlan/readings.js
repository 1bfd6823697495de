// Tables of points: a new sample moves its time as well as its value. (The value and its bar are patched by app.js.)
"use strict";
(function () {
  const two = (n) => String(n).padStart(2, "0");
  function hms(us) {
    const civil = new Date(us / 1000 + 8 * 3600000); // Asia/Shanghai has kept +08:00 since 1991
    return two(civil.getUTCHours()) + ":" + two(civil.getUTCMinutes()) + ":" + two(civil.getUTCSeconds());
  }
  document.body.addEventListener("anlan:live", (e) => {
    for (const [code, value, quality, sampledUs] of e.detail) {
      document.querySelectorAll('[data-stamp="' + CSS.escape(code) + '"]').forEach((cell) => {
        const usable = value !== null && quality < 2;
        let at = cell.querySelector("[data-at]");
        if (!at) { at = document.createElement("span"); at.dataset.at = ""; cell.append(at); }
        at.textContent = hms(sampledUs);
        if (usable) cell.querySelectorAll(".state").forEach((state) => state.remove());
      });
    }
  });
})();
