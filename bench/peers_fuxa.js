// Puts FUXA's alarm manager on the work of `peers.py`: node peers_fuxa.js PACKAGE WORK TAGS PASSES STEP_S DELAY_S
//
// WORK holds little-endian float64: four rows of limits (LL, L, H, HH), then one row of values a pass. Prints one line
// of JSON: CPU seconds a pass (median, the first three passes left out) and how many alarms of each kind stand.
// The manager runs on a clock of ours, so that a pass follows a pass at once; its storage keeps nothing.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [, , folder, file, ...numbers] = process.argv;
const [tags, passes, step, delay] = numbers.map(Number);
const bytes = fs.readFileSync(file);
const table = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
const row = (number) => table.subarray(number * tags, (number + 1) * tags);
const [ll, l, h, hh] = [0, 1, 2, 3].map(row);

const storage = require.resolve(path.join(folder, "runtime", "alarms", "alarmstorage.js"));
const nothing = async () => [];
require.cache[storage] = {
  id: storage,
  filename: storage,
  loaded: true,
  exports: { init: nothing, getAlarms: nothing, setAlarms: nothing, clearAlarms: nothing },
};

let now = Date.UTC(2024, 0, 1);
Date.prototype.getTime = () => now;
let check;
global.setInterval = (callback) => {
  check = callback;
  return 1;
};

const limited = (min, max) => ({ enabled: true, checkdelay: 1, timedelay: delay, min, max, ackmode: "float" });
const far = 1e12;
const values = new Map();
const alarms = [];
for (let tag = 0; tag < tags; tag++) {
  const variableId = `T${tag}`;
  values.set(variableId, { value: 0, ts: now });
  alarms.push({
    name: variableId,
    property: { variableId },
    highhigh: limited(hh[tag], far),
    high: limited(h[tag], far),
    low: limited(-far, l[tag]),
    info: limited(-far, ll[tag]),
  });
}

const quiet = () => {};
const runtime = {
  devices: { getDeviceIdFromTag: () => "device", getDeviceValue: (_, tag) => values.get(tag) },
  events: { emit: quiet },
  logger: { info: quiet, warn: (text) => process.stderr.write(`${text}\n`), error: (text) => process.stderr.write(`${text}\n`) },
  settings: {},
  project: { getAlarms: async () => alarms },
  checkPermission: () => ({ show: true, enabled: true }),
};
const manager = require(path.join(folder, "runtime", "alarms", "index.js")).create(runtime);

// every step of the manager is a chain of promises without a timer: after a turn of the event loop it has ended
const settled = () => new Promise((done) => setImmediate(() => setImmediate(done)));

async function main() {
  manager.start();
  for (const _ of ["storage", "alarms"]) {
    check();
    await settled();
  }
  const spent = [];
  for (let pass = 0; pass < passes; pass++) {
    now += step * 1000;
    const told = row(4 + pass);
    for (let tag = 0; tag < tags; tag++) {
      const one = values.get(`T${tag}`);
      one.value = told[tag];
      one.ts = now;
    }
    const before = process.cpuUsage();
    check();
    await settled();
    const used = process.cpuUsage(before);
    spent.push((used.user + used.system) / 1e6);
  }
  const standing = { ll: 0, l: 0, h: 0, hh: 0 };
  const names = { info: "ll", low: "l", high: "h", highhigh: "hh" };
  for (const alarm of manager.getAlarmsValues()) {
    if (alarm.status === "N") standing[names[alarm.type]] += 1;
  }
  const counted = spent.slice(3).sort((one, other) => one - other);
  const median = counted[Math.floor(counted.length / 2)];
  process.stdout.write(JSON.stringify({ cpu_s_a_pass: median, standing }) + "\n");
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
