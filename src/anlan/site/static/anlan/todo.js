// Confirming without a network: the act is kept on this phone, shown as waiting, and sent when the line is back.
// Confirming twice is confirming once (the server absorbs it), so sending again after a lost answer does no harm.
// An act leaves the phone only when the server says that it has it (204), or that it can never be done.
"use strict";
(function () {
  const box = document.getElementById("todo");
  const words = box.dataset;
  const KEY = "anlan:waiting:" + words.person; // what one person left behind never goes out in the name of the next
  const FIRST_PAUSE = 1000, LONGEST_PAUSE = 30000, PATIENCE = 20000;
  const read = () => JSON.parse(localStorage.getItem(KEY) || "[]");
  const write = (list) => localStorage.setItem(KEY, JSON.stringify(list));
  let sending = false, pause = FIRST_PAUSE, timer = 0, problem = "";

  function show() {
    const list = read();
    const note = box.querySelector("[data-waiting]");
    if (note) {
      note.hidden = !list.length && !problem;
      note.textContent = problem || list.map((each) => each.name).join("、") + "：" + words.wWaiting;
    }
    const waiting = new Set(list.map((each) => each.name));
    box.querySelectorAll("form[data-queue]").forEach((form) => {
      const button = form.querySelector("button");
      if (waiting.has(form.dataset.queue)) { button.disabled = true; button.textContent = words.wWaiting.split("，")[0]; }
    });
  }
  function send(each) {
    const token = box.querySelector("[name=csrfmiddlewaretoken]"); // of this page: that of the kept form may be outdated
    const values = Object.assign({}, each.values, token ? { csrfmiddlewaretoken: token.value } : {});
    return fetch(each.address, {
      method: "POST", body: new URLSearchParams(values), credentials: "same-origin",
      headers: { "Anlan-Kept": "1" }, signal: AbortSignal.timeout(PATIENCE),
    });
  }
  async function flush() {
    if (sending || !read().length) return;
    sending = true;
    clearTimeout(timer);
    problem = "";
    try {
      while (read().length) {
        const each = read()[0];
        const answer = await send(each);
        if (answer.status === 401) { problem = words.wLogin; break; } // kept: it goes out after the log-in
        if (answer.status >= 500) throw new Error("status " + answer.status);
        if (!answer.ok) problem = each.name + "：" + (answer.status === 422 ? await answer.text() : words.wRefused);
        write(read().slice(1));
      }
      pause = FIRST_PAUSE;
    } catch (error) {
      console.warn("not taken yet", error); // kept; tried again after a pause, and with the next event
      timer = setTimeout(flush, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    } finally {
      sending = false;
      show();
      if (!read().length) document.body.dispatchEvent(new CustomEvent("anlan:sent"));
    }
  }
  box.addEventListener("submit", (e) => {
    const form = e.target.closest("form[data-queue]");
    if (!form) return;
    e.preventDefault();
    const rest = read().filter((each) => each.name !== form.dataset.queue);
    write(rest.concat([{ name: form.dataset.queue, address: form.action, values: Object.fromEntries(new FormData(form)) }]));
    show();
    flush();
  });
  document.addEventListener("htmx:afterSettle", show);
  window.addEventListener("online", flush);
  document.body.addEventListener("sse:resync", flush);
  show();
  flush();
})();
