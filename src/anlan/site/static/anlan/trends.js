// Many curves side by side: fetched fifty points a request from the roll-ups, drawn a few at a time between two frames
// of the screen, so that the page stays in hand however many there are. A gap is a gap; limits are dashed.
"use strict";
(function () {
  const HOURS = { "1h": 1, "24h": 24, "7d": 168 };
  const BUCKETS = { "1h": 120, "24h": 144, "7d": 168 };
  const AGAIN = { "1h": 60000, "24h": 120000, "7d": 600000 };
  const AT_ONCE = 50, SLICE_MS = 8, SHIFT = 8 * 3600000;
  const box = document.querySelector("[data-trends]");
  if (!box) return;
  const state = document.querySelector("[data-trends-state]");
  const tiles = new Map([...box.querySelectorAll("[data-code]")].map((tile) => [tile.dataset.code, tile]));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888888";
  const ink = colour("--ink"), grey = colour("--text-3"), line = colour("--line");
  const charts = new Map(), waiting = [];
  const span = HOURS[box.dataset.range] ? box.dataset.range : "7d";
  let drawing = false, drawn = 0, longest = 0, failed = false;

  async function fetchAll() {
    const codes = [...tiles.keys()], parts = [];
    for (let at = 0; at < codes.length; at += AT_ONCE) parts.push(codes.slice(at, at + AT_ONCE));
    const to = new Date(), from = new Date(to - HOURS[span] * 3600000);
    const range = "&from=" + from.toISOString() + "&to=" + to.toISOString() + "&buckets=" + BUCKETS[span];
    failed = false;
    drawn = 0;
    box.setAttribute("aria-busy", "true");
    const next = async () => {
      for (let part = parts.shift(); part; part = parts.shift()) {
        try {
          const answer = await fetch(box.dataset.trends + "?points=" + part.join(",") + range, { credentials: "same-origin", headers: { Accept: "application/json" } });
          if (!answer.ok) throw new Error(answer.status);
          const body = await answer.json();
          body.items.forEach((item) => waiting.push({ item, from: +from, to: +to }));
          draw();
        } catch (error) {
          console.warn("trends", error);
          failed = true;
        }
      }
    };
    await Promise.all([next(), next()]);
    if (failed) state.textContent = state.dataset.wFailed;
    setTimeout(fetchAll, failed ? 30000 : AGAIN[span]);
  }

  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(function slice() {
      const begun = performance.now();
      while (waiting.length && performance.now() - begun < SLICE_MS) tile(waiting.shift());
      longest = Math.max(longest, performance.now() - begun);
      box.dataset.drawn = drawn;
      box.dataset.longestMs = Math.round(longest);
      if (waiting.length) { requestAnimationFrame(slice); return; }
      drawing = false;
      if (drawn >= tiles.size) {
        box.removeAttribute("aria-busy");
        if (!failed) state.textContent = state.dataset.wDone + " " + drawn;
      } else if (!failed) state.textContent = drawn + " / " + tiles.size;
    });
  }

  function tile({ item, from, to }) {
    const own = tiles.get(item.point.code), b = item.buckets, p = item.point;
    drawn += 1;
    const figure = (value) => (value === null ? "–" : Number(value).toFixed(p.decimals));
    const s = item.summary;
    own.querySelector("[data-figures]").textContent = s.count
      ? figure(s.min) + " – " + figure(s.max) + " " + p.unit + (item.lost.length ? " · " + box.dataset.wLost : "")
      : item.lost.length ? box.dataset.wLost : box.dataset.wEmpty;
    if (!s.count) return;
    let chart = charts.get(p.code);
    if (!chart) {
      chart = echarts.init(own.querySelector(".tile-chart"), null, { renderer: "canvas", height: 84 });
      charts.set(p.code, chart);
    }
    const low = [], band = [], mean = [];
    for (let i = 0; i < b.t.length; i++) {
      const t = b.t[i] + SHIFT;
      low.push([t, b.min[i]]);
      band.push([t, b.min[i] === null ? null : b.max[i] - b.min[i]]);
      mean.push([t, b.mean[i]]);
    }
    const limits = ["ll", "l", "h", "hh"].map((key) => p.limits[key]).filter((value) => value !== null);
    const bottom = Math.min(s.min, ...limits), top = Math.max(s.max, ...limits), room = (top - bottom || 1) * 0.06;
    chart.setOption({
      animation: false, useUTC: true, silent: true, grid: { left: 0, right: 0, top: 2, bottom: 2 },
      xAxis: { type: "time", show: false, min: from + SHIFT, max: to + SHIFT },
      yAxis: { type: "value", show: false, min: bottom - room, max: top + room },
      series: [
        { type: "line", data: low, stack: "band", stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, connectNulls: false },
        { type: "line", data: band, stack: "band", stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, areaStyle: { color: ink, opacity: 0.13 }, connectNulls: false },
        {
          type: "line", data: mean, symbol: "none", lineStyle: { color: ink, width: 1.2 }, connectNulls: false,
          markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: grey, type: [4, 4], width: 1 }, data: limits.map((yAxis) => ({ yAxis })) },
        },
      ],
    }, { notMerge: true });
    own.querySelector(".tile-chart").style.borderColor = line;
  }

  let resizing = null;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      const all = [...charts.values()];
      requestAnimationFrame(function slice() {
        const begun = performance.now();
        while (all.length && performance.now() - begun < SLICE_MS) all.pop().resize();
        if (all.length) requestAnimationFrame(slice);
      });
    }, 200);
  });
  fetchAll();
})();
