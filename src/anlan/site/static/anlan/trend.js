// The trend of a point: mean as a line inside the band of minimum and maximum, limits dashed, alarms shaded, gaps open.
// Data come from /api/v1/points/CODE/trend; new samples are appended from the live line, and the whole is fetched again
// from time to time, so that what is drawn is what is stored.
"use strict";
(function () {
  const HOURS = { "1h": 1, "24h": 24, "7d": 168 };
  const BUCKETS = { "1h": 360, "24h": 480, "7d": 504 };
  const AGAIN = { "1h": 30000, "24h": 60000, "7d": 300000 };
  const SHIFT = 8 * 3600000; // drawn in Asia/Shanghai whatever the browser's zone: +08:00 since 1991
  const two = (n) => String(n).padStart(2, "0");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888888";
  function clock(shifted, seconds) {
    const d = new Date(shifted);
    return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + (seconds ? ":" + two(d.getUTCSeconds()) : "");
  }
  function stamp(shifted, withDay) {
    const d = new Date(shifted);
    return (withDay ? (d.getUTCMonth() + 1) + "-" + d.getUTCDate() + " " : "") + clock(shifted, true);
  }

  function Trend(box) {
    const words = box.dataset;
    const chart = echarts.init(box.querySelector(".trend-chart"), null, { renderer: "canvas" });
    const status = box.querySelector(".trend-state");
    // the stretch of a warning that is over, half an hour around it: what its dossier shows and prints
    const own = words.until ? { from: Number(words.levelSince) - 1800000, to: Number(words.until) + 1800000 } : null;
    if (own) { HOURS.own = (own.to - own.from) / 3600000; BUCKETS.own = 480; AGAIN.own = 300000; }
    let span = own ? "own" : HOURS[words.range] ? words.range : "1h";
    let data = null, timer = null, asked = 0, drawn = 0;

    function fetchAgain() {
      clearTimeout(timer);
      const mine = ++asked;
      const now = span === "own" ? own.to : Date.now() + clockOffset();
      const from = new Date(now - HOURS[span] * 3600000).toISOString();
      const address = words.api + "?from=" + from + "&to=" + new Date(now).toISOString() + "&buckets=" + BUCKETS[span];
      box.setAttribute("aria-busy", "true");
      fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } })
        .then((answer) => answer.json().then((body) => { if (!answer.ok) throw new Error(body.detail || answer.status); return body; }))
        .then((body) => { if (mine === asked) { data = body; draw(); } })
        .catch((error) => { if (mine === asked) { console.warn("trend", error); say(words.wFailed, data !== null); } })
        .finally(() => { box.removeAttribute("aria-busy"); if (mine === asked) timer = setTimeout(fetchAgain, AGAIN[span]); });
    }
    function clockOffset() { return Number(document.body.dataset.now || Date.now()) - loaded; }
    function say(text, keepChart) {
      status.textContent = text;
      status.hidden = !text;
      box.classList.toggle("no-chart", Boolean(text) && !keepChart);
    }
    function figure(value) { return value === null || value === undefined ? "–" : Number(value).toFixed(data.point.decimals); }

    function draw() {
      const b = data.buckets, n = b.t.length;
      let any = false;
      const low = [], band = [], mean = [];
      for (let i = 0; i < n; i++) {
        const t = b.t[i] + SHIFT;
        if (b.count[i]) any = true;
        low.push([t, b.min[i]]);
        band.push([t, b.min[i] === null ? null : b.max[i] - b.min[i]]);
        const alone = b.mean[i] !== null && (i === 0 || b.mean[i - 1] === null) && (i === n - 1 || b.mean[i + 1] === null);
        mean.push(alone ? { value: [t, b.mean[i]], symbol: "circle", symbolSize: 4 } : [t, b.mean[i]]);
      }
      say(any ? "" : words.wEmpty, any);
      fill();
      if (!any) return;
      const limits = ["ll", "l", "h", "hh"].filter((key) => data.point.limits[key] !== null);
      const names = { ll: words.wLow + words.wLow, l: words.wLow, h: words.wHigh, hh: words.wHigh + words.wHigh };
      // limits that changed within the stretch stand as they held: each from its time to the next
      const held = data.settings || [];
      const until = (k) => (k + 1 < held.length ? Date.parse(held[k + 1].since) : Date.parse(data.to)) + SHIFT;
      const lines = held.length > 1 ? held.flatMap((each, k) => ["ll", "l", "h", "hh"].filter((key) => each[key] !== null).map((key) => [
        {
          coord: [Math.max(Date.parse(each.since), Date.parse(data.from)) + SHIFT, each[key]], name: names[key] + " " + figure(each[key]),
          lineStyle: { color: key.length > 1 ? colour("--ink") : colour("--text-3"), type: [6, 4], width: 1 },
        },
        { coord: [until(k), each[key]] },
      ])) : limits.map((key) => ({
        yAxis: data.point.limits[key],
        name: names[key] + " " + figure(data.point.limits[key]),
        lineStyle: { color: key.length > 1 ? colour("--ink") : colour("--text-3"), type: [6, 4], width: 1 },
      }));
      const end = Date.parse(data.to);
      // excursions are shaded; missing and bad data show as gaps already
      const beyond = data.alarms.filter((alarm) => alarm.side === "high" || alarm.side === "low");
      const shades = beyond.map((alarm) => [
        { xAxis: Date.parse(alarm.start) + SHIFT, itemStyle: { color: colour("--line"), opacity: words.level ? 0.45 : 0.7 } },
        { xAxis: (alarm.end ? Date.parse(alarm.end) : end) + SHIFT },
      ]);
      if (words.level && words.levelSince) {
        shades.unshift([
          { xAxis: Math.max(Number(words.levelSince), Date.parse(data.from)) + SHIFT, itemStyle: { color: colour("--" + words.level + "-wash"), opacity: 0.9 } },
          { xAxis: (own ? Math.min(Number(words.until), end) : end) + SHIFT },
        ]);
      }
      const values = [...b.min, ...b.max].filter((v) => v !== null).concat(limits.map((key) => data.point.limits[key]))
        .concat(held.flatMap((each) => ["ll", "l", "h", "hh"].map((key) => each[key]).filter((value) => value !== null)));
      const bottom = Math.min(...values), top = Math.max(...values), room = (top - bottom || Math.abs(top) || 1) * 0.06;
      const grey = colour("--text-2"), ink = colour("--ink");
      const day = HOURS[span] > 24 || span === "own";
      chart.setOption({
        animation: false,
        useUTC: true,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
        grid: { left: 56, right: 20, top: 18, bottom: 28 },
        xAxis: {
          type: "time", min: Date.parse(data.from) + SHIFT, max: end + SHIFT,
          axisLine: { lineStyle: { color: colour("--line-strong") } }, axisTick: { show: false }, splitLine: { show: false },
          axisLabel: { color: grey, fontSize: 12, hideOverlap: true, formatter: (t) => (day ? (new Date(t).getUTCMonth() + 1) + "-" + new Date(t).getUTCDate() + " " + clock(t) : clock(t)) },
        },
        yAxis: {
          type: "value", min: bottom - room, max: top + room, axisLine: { show: false }, axisTick: { show: false },
          splitLine: { lineStyle: { color: colour("--line") } },
          axisLabel: { color: grey, fontSize: 12, showMinLabel: false, showMaxLabel: false, formatter: (v) => Number(v).toFixed(Math.min(data.point.decimals, 3)) },
        },
        tooltip: {
          trigger: "axis", confine: true, transitionDuration: 0, backgroundColor: colour("--paper"), borderColor: colour("--line-strong"),
          textStyle: { color: colour("--text"), fontSize: 12 }, axisPointer: { lineStyle: { color: colour("--line-strong"), type: "solid" } },
          formatter: (parts) => tip(parts[0].dataIndex),
        },
        series: [
          { type: "line", data: low, stack: "band", stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, silent: true, connectNulls: false },
          { type: "line", data: band, stack: "band", stackStrategy: "all", symbol: "none", lineStyle: { opacity: 0 }, areaStyle: { color: ink, opacity: 0.13 }, silent: true, connectNulls: false },
          {
            type: "line", data: mean, showSymbol: true, symbol: "none", connectNulls: false, lineStyle: { color: ink, width: 1.8 }, itemStyle: { color: ink },
            markLine: { silent: true, symbol: "none", animation: false, data: lines, label: { position: "insideStartTop", formatter: (x) => x.name, color: grey, fontSize: 12 } },
            markArea: { silent: true, animation: false, data: shades },
          },
        ],
      }, { notMerge: true });
      drawn = n;
      const s = data.summary;
      const said = [words.wMin + " " + figure(s.min), words.wMean + " " + figure(s.mean), words.wMax + " " + figure(s.max), words.wCount + " " + s.count];
      if ((data.lost || []).length) said.push(words.wLost);
      chart.getDom().setAttribute("aria-label", said.slice(0, 3).join("，") + " " + data.point.unit);
      box.querySelector("[data-figures]").replaceChildren(...said.map((text) => { const part = document.createElement("span"); part.textContent = text; return part; }));
    }

    function tip(i) {
      const b = data.buckets, box = document.createElement("div");
      const add = (text, strong) => { const line = document.createElement(strong ? "b" : "div"); line.textContent = text; box.append(line); };
      add(stamp(b.t[i] + SHIFT, HOURS[span] > 1), true);
      if (!b.count[i]) add(words.wGap);
      else {
        add(words.wMean + " " + figure(b.mean[i]) + " " + data.point.unit);
        if (b.count[i] > 1) add(words.wMin + " " + figure(b.min[i]) + "　" + words.wMax + " " + figure(b.max[i]));
        add(words.wCount + " " + b.count[i]);
      }
      return box;
    }

    function fill() {
      const details = box.querySelector("details"), body = details.querySelector("tbody");
      if (!details.open) { body.replaceChildren(); return; }
      const b = data.buckets, rows = [];
      for (let i = b.t.length - 1; i >= 0 && rows.length < 300; i--) {
        if (!b.count[i]) continue;
        const row = document.createElement("tr");
        [stamp(b.t[i] + SHIFT, true), figure(b.min[i]), figure(b.mean[i]), figure(b.max[i]), figure(b.last[i]), b.count[i]].forEach((text, at) => {
          const cell = document.createElement("td");
          cell.textContent = text;
          if (at) cell.className = "num";
          row.append(cell);
        });
        rows.push(row);
      }
      body.replaceChildren(...rows);
    }

    function append(value, sampledMs) {
      // a live sample joins the newest bucket, or opens one: a bucket is drawn until the next fetch makes it exact
      if (!data || span !== "1h") return;
      const b = data.buckets, last = b.t.length - 1, width = data.bucket_ms;
      if (last >= 0 && sampledMs < b.t[last]) return;
      if (last < 0 || sampledMs >= b.t[last] + width) {
        const start = last < 0 ? sampledMs : b.t[last] + Math.floor((sampledMs - b.t[last]) / width) * width;
        for (let t = last < 0 ? start : b.t[last] + width; t < start; t += width) put(t, null, null, null, null, 0);
        put(start, value, value, value, value, 1);
      } else if (!b.count[last]) {
        b.min[last] = b.max[last] = b.mean[last] = b.last[last] = value;
        b.count[last] = 1;
      } else {
        b.min[last] = Math.min(b.min[last], value);
        b.max[last] = Math.max(b.max[last], value);
        b.mean[last] += (value - b.mean[last]) / (b.count[last] + 1);
        b.last[last] = value;
        b.count[last] += 1;
      }
      data.to = new Date(Math.max(Date.parse(data.to), sampledMs)).toISOString();
      data.from = new Date(Date.parse(data.to) - HOURS[span] * 3600000).toISOString();
      while (b.t.length && b.t[0] < Date.parse(data.from)) ["t", "min", "max", "mean", "last", "count"].forEach((key) => b[key].shift());
      if (!document.hidden) draw();
      function put(t, min, max, mean, lastValue, count) {
        b.t.push(t); b.min.push(min); b.max.push(max); b.mean.push(mean); b.last.push(lastValue); b.count.push(count);
      }
    }

    function choose(next, remember) {
      span = next;
      box.querySelectorAll("[data-span]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.span === span)));
      if (remember && box.querySelector("h1")) {
        const url = new URL(location.href);
        url.searchParams.set("range", span);
        history.replaceState(null, "", url);
      }
      fetchAgain();
    }
    box.addEventListener("click", (e) => { const button = e.target.closest("[data-span]"); if (button) choose(button.dataset.span, true); });
    box.querySelector("details").addEventListener("toggle", () => { if (data) fill(); });
    document.body.addEventListener("anlan:live", (e) => {
      for (const [code, value, quality, sampledUs] of e.detail) {
        if (code === words.trend && value !== null && quality < 2) append(value, sampledUs / 1000);
      }
    });
    ["sse:resync", "sse:alarm"].forEach((name) => document.body.addEventListener(name, () => { clearTimeout(timer); timer = setTimeout(fetchAgain, 1500); }));
    new ResizeObserver(() => chart.resize()).observe(chart.getDom());
    choose(span, false);
    return { drawn: () => drawn };
  }

  const loaded = Date.now();
  document.querySelectorAll("[data-trend]").forEach((box) => Trend(box));
})();
