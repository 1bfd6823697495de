// Calls the person on duty: a bar, a horn by level, a notification, "(2) 红" in the title and the icon, a live region.
// A call is a standing warning whose level nobody has taken note of in this browser; it goes on until somebody does
// (知道了, or its dossier opened here), confirms it, or it is cleared. One page of a browser sounds (stream.js says which).
// A browser lets no page sound before it has been touched: as long as that is so the page says it.
"use strict";
(function () {
  const body = document.body, person = body.dataset.person;
  const bar = document.querySelector("[data-calls]"), said = document.querySelector("[data-calls-said]");
  const horns = Array.from(document.querySelectorAll("[data-horn]"));
  if (!bar) return;
  const words = bar.dataset;
  const HEARD = "anlan:heard:" + person, MUTE = "anlan:mute:" + person, NOTIFIED = "anlan:notified:" + person;
  // Tones of one call: [hertz, from second, for seconds]; again after so many seconds until it is taken note of.
  const VOICES = {
    red: { again: 4, wave: "square", loud: 0.5, tones: [[960, 0, 0.24], [720, 0.26, 0.24], [960, 0.52, 0.24], [720, 0.78, 0.24], [960, 1.04, 0.24], [720, 1.3, 0.24]] },
    orange: { again: 10, wave: "square", loud: 0.35, tones: [[660, 0, 0.22], [660, 0.36, 0.22], [660, 0.72, 0.22]] },
    yellow: { again: 60, wave: "triangle", loud: 0.5, tones: [[520, 0, 0.25], [520, 0.45, 0.25]] },
    blue: { again: 0, wave: "sine", loud: 0.5, tones: [[440, 0, 0.3]] },
  };
  const RANK = { blue: 1, yellow: 2, orange: 3, red: 4 };
  const title = document.title, icon = document.querySelector('link[rel="icon"]'), plain = icon.getAttribute("href");
  let standing = null, calls = [], isCaller = false, audio = null, next = 0, saidOf = "";

  // A page whose storage is closed to it keeps what it knows for as long as it is open.
  const kept = {};
  function recall(key, otherwise) {
    try { const text = localStorage.getItem(key); return text === null ? otherwise : JSON.parse(text); }
    catch (error) { console.warn("storage is closed", error); return key in kept ? kept[key] : otherwise; }
  }
  function keep(key, value) {
    kept[key] = value;
    try { localStorage.setItem(key, JSON.stringify(value)); } catch (error) { console.warn("storage is closed", error); }
  }

  // --- sound --------------------------------------------------------------------------------------------------------
  function audible() { return Boolean(audio) && audio.state === "running"; }
  function wake() {
    if (!audio) {
      if (!window.AudioContext) return;
      audio = new AudioContext();
      audio.onstatechange = showHorn;
    }
    if (audio.state !== "running") audio.resume().then(showHorn, showHorn);
  }
  function play(level) {
    const voice = VOICES[level];
    if (!audible() || !voice) return false;
    const start = audio.currentTime + 0.02, gain = audio.createGain();
    gain.connect(audio.destination);
    gain.gain.value = 0;
    voice.tones.forEach(([hertz, from, length]) => {
      const tone = audio.createOscillator();
      tone.type = voice.wave;
      tone.frequency.value = hertz;
      tone.connect(gain);
      gain.gain.setValueAtTime(0, start + from);
      gain.gain.linearRampToValueAtTime(voice.loud, start + from + 0.015);
      gain.gain.setValueAtTime(voice.loud, start + from + length - 0.03);
      gain.gain.linearRampToValueAtTime(0, start + from + length);
      tone.start(start + from);
      tone.stop(start + from + length);
    });
    horns.forEach((horn) => { horn.dataset.played = level; horn.dataset.times = String(Number(horn.dataset.times || 0) + 1); });
    return true;
  }
  function mutedUntil() { const until = recall(MUTE, 0); return until > window.anlan.now() ? until : 0; }
  function sound() { // once a second: what has to sound, sounds
    showHorn();
    const gravest = calls[0];
    if (!gravest || !isCaller || mutedUntil()) return;
    const now = Date.now();
    if (now < next) return;
    if (play(gravest.level)) next = VOICES[gravest.level].again ? now + VOICES[gravest.level].again * 1000 : Infinity;
  }

  // --- what stands, and what of it is new here ----------------------------------------------------------------------
  function sort() {
    const heard = recall(HEARD, {}), listed = new Set();
    let changed = false;
    const fresh = standing.calls.filter((call) => {
      listed.add(call.number);
      if (location.pathname === call.url && heard[call.number] !== call.level) { heard[call.number] = call.level; changed = true; }
      const before = RANK[heard[call.number]] || 0;
      if (before > RANK[call.level]) { heard[call.number] = call.level; changed = true; } // fallen: a rise calls again
      return before < RANK[call.level];
    });
    if (!standing.more) Object.keys(heard).forEach((number) => { if (!listed.has(number)) { delete heard[number]; changed = true; } });
    if (changed) keep(HEARD, heard);
    const known = new Set(calls.map((call) => call.id));
    const risen = fresh.filter((call) => !known.has(call.id));
    calls = fresh;
    if (risen.length) { next = 0; notify(risen); }
  }
  function heardAll() {
    const heard = recall(HEARD, {});
    calls.forEach((call) => { heard[call.number] = call.level; });
    keep(HEARD, heard);
    calls = [];
    show();
  }
  function notify(risen) {
    if (!isCaller || !window.Notification || Notification.permission !== "granted") return;
    const shown = recall(NOTIFIED, {});
    risen.filter((call) => !shown[call.id]).slice(0, 3).forEach((call) => {
      shown[call.id] = window.anlan.now();
      try {
        const note = new Notification(call.words + "　" + call.title, { body: call.at_words, tag: call.id, requireInteraction: RANK[call.level] > 2, silent: audible() });
        note.onclick = () => { window.focus(); location.href = call.url; };
      } catch (error) { console.warn("notifications are not for pages here", error); } // phones want a service worker
    });
    const day = window.anlan.now() - 86400000;
    keep(NOTIFIED, Object.fromEntries(Object.entries(shown).filter(([, at]) => at > day)));
  }

  // --- what is seen and heard of it ---------------------------------------------------------------------------------
  function node(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }
  function show() {
    window.anlan.still(showBar);
    showTitle();
    showFigures();
    showHorn();
  }
  function showBar() {
    const first = calls[0];
    bar.hidden = !first;
    bar.dataset.count = String(calls.length);
    const ids = calls.map((call) => call.id).join(" ");
    if (bar.dataset.ids === ids) return;
    bar.dataset.ids = ids;
    if (!first) { bar.replaceChildren(); said.textContent = ""; saidOf = ""; return; }
    const had = bar.contains(document.activeElement) && document.activeElement.tagName;
    bar.className = "calls l-" + first.level;
    const text = node("a", "call-text");
    text.href = first.url;
    text.append(node("b", "badge-lv", first.words), " ", node("span", "t", first.title), " ", node("span", "s", first.at_words));
    const rest = calls.length - 1 + (standing.more || 0);
    const more = node("span", "s call-more", rest ? words.wMore.replace("#", rest) : "");
    const done = node("button", "btn main", words.wHeard);
    done.type = "button";
    done.addEventListener("click", heardAll);
    bar.replaceChildren(text, more, node("b", "call-locked", words.wLocked), done);
    if (had) bar.querySelector(had === "A" ? "a" : "button").focus();
    if (saidOf !== first.id) { said.textContent = words.wNew + "：" + first.words + "，" + first.title + "，" + first.at_words + (rest ? "。" + more.textContent : ""); saidOf = first.id; }
  }
  function showTitle() {
    const top = standing && standing.gravest;
    const now = top ? "(" + top.count + ") " + top.word + " " + title : title;
    if (document.title !== now) document.title = now;
    const wanted = top ? drawn(top) : plain;
    if (icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  }
  function showFigures() { // what the desk read before this page was made says nothing new about it
    if (!standing || standing.at < Number(body.dataset.now)) return;
    document.querySelectorAll("[data-figure]").forEach((e) => {
      const figure = standing.figures[e.dataset.figure];
      if (figure === undefined) return;
      if (e.textContent !== String(figure)) e.textContent = String(figure);
      e.classList.toggle("zero", !figure);
    });
  }
  function drawn(top) { // a square in the level's colour with the count: seen among the tabs
    const style = getComputedStyle(document.documentElement);
    const fill = style.getPropertyValue("--" + top.level + "-fill").trim(), on = style.getPropertyValue("--" + top.level + "-on").trim();
    const text = top.count > 99 ? "99" : String(top.count);
    return "data:image/svg+xml," + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="' + fill +
      '"/><text x="16" y="23" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="' + (text.length > 1 ? 18 : 22) + '" fill="' + on + '">' + text + "</text></svg>");
  }
  let shownHorn = "";
  function showHorn() {
    const until = mutedUntil(), state = !window.AudioContext ? "none" : until ? "muted" : audible() ? "on" : "locked";
    const permission = !window.Notification || !window.isSecureContext ? "none" : Notification.permission;
    const now = [state, until, permission, isCaller, audible()].join(" ");
    if (now === shownHorn) return;
    shownHorn = now;
    horns.forEach((horn) => {
      horn.dataset.state = state;
      horn.dataset.notifications = permission;
      const back = new Date(until + 8 * 3600000); // Asia/Shanghai has kept +08:00 since 1991
      horn.querySelectorAll("[data-until]").forEach((e) => { e.textContent = until ? String(back.getUTCHours()).padStart(2, "0") + ":" + String(back.getUTCMinutes()).padStart(2, "0") : ""; });
    });
    body.classList.toggle("sound-locked", isCaller && state === "locked");
    body.dispatchEvent(new CustomEvent("anlan:audible", { detail: audible() }));
  }

  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-horn] button");
    if (!button) return;
    wake();
    if (button.dataset.test) { const level = button.dataset.test; if (audible()) play(level); else audio.resume().then(() => play(level)); }
    if (button.dataset.mute) { keep(MUTE, Number(button.dataset.mute) ? window.anlan.now() + Number(button.dataset.mute) * 60000 : 0); next = 0; }
    if (button.hasAttribute("data-notify") && window.Notification) Notification.requestPermission().then(showHorn);
    showHorn();
  });
  document.addEventListener("keydown", (e) => { if (e.key === "Escape") horns.forEach((horn) => { if (horn.open) { horn.open = false; horn.querySelector("summary").focus(); } }); });
  ["pointerdown", "keydown"].forEach((name) => document.addEventListener(name, wake, { capture: true, passive: true }));
  window.addEventListener("storage", (e) => { if (standing && (e.key === HEARD || e.key === MUTE)) { sort(); show(); } });
  body.addEventListener("anlan:calls", (e) => { standing = e.detail; sort(); show(); sound(); });
  body.addEventListener("anlan:caller", (e) => { isCaller = e.detail; if (isCaller) notify(calls); sound(); });
  setInterval(sound, 1000);
  wake(); // allowed at once where the browser was told so (a wall), or where it knows this site
  showHorn();
})();
