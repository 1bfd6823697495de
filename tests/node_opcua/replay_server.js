// Replays a recorded table as OPC UA variables: an OPC UA server that is not ours, holding data that is not ours.
//
//   node replay_server.js '{"file": …, "separator": ";", "header": true, "timeColumn": 0, "rowSeconds": 1,
//                           "speed": 10, "fromRow": 0, "toRow": 100, "work": "folder for certificates"}'
//
// Prints {"url", "columns"} when it answers. The line "go" on stdin prints {"startMs"} and plays: row i gets the source
// time startMs + (time of row i - time of the first row) / speed; {"done": rows} is printed at the end. The line "reset"
// stops playing, takes all values back and prints {"reset": columns}. Ends when stdin closes. A variable is
// ns=1;s=<column name> (V1, V2 … where the file has no header).
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");

const options = JSON.parse(process.argv[2]);

const load = (name) => require(require.resolve(name, { paths: [options.modules] }));
const { OPCUAServer } = load("node-opcua-server");
const { OPCUACertificateManager } = load("node-opcua-certificate-manager");
const { Variant, DataType } = load("node-opcua-variant");
const { StatusCodes } = load("node-opcua-status-code");

// The server tells of at most one change of a variable in 50 ms and drops the others: after a stall the rows that are
// late follow one another at this distance, or some would never leave the server.
const LEAST_MS = 60;

const say = (fact) => process.stdout.write(JSON.stringify(fact) + "\n");

function readTable() {
  const lines = fs.readFileSync(options.file, "utf8").split(/\r?\n/).filter((line) => line.trim() !== "");
  const split = (line) => (options.separator === "whitespace" ? line.trim().split(/\s+/) : line.split(options.separator));
  const header = options.header ? split(lines.shift()) : split(lines[0]).map((_, index) => `V${index + 1}`);
  const rows = lines.slice(options.fromRow || 0, options.toRow).map(split);
  // Differences alone matter, so any zone will do as long as it has no summer time.
  const seconds = (row, index) =>
    options.timeColumn === undefined
      ? index * options.rowSeconds
      : Date.parse(row[options.timeColumn].replace(" ", "T") + "Z") / 1000;
  const first = seconds(rows[0], 0);
  const columns = header.map((name, index) => ({ name, index })).filter(({ index }) => index !== options.timeColumn);
  return { columns, rows: rows.map((row, index) => ({ offset: seconds(row, index) - first, row })) };
}

async function main() {
  const { columns, rows } = readTable();
  const certificates = new OPCUACertificateManager({
    automaticallyAcceptUnknownCertificate: true,
    rootFolder: path.join(options.work, "pki"),
  });
  const server = new OPCUAServer({
    port: 0,
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    resourcePath: "/replay",
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
  });
  await server.initialize();
  const space = server.engine.addressSpace.getOwnNamespace();
  const folder = space.addObject({ organizedBy: "ObjectsFolder", browseName: "Recording", nodeId: "s=Recording" });
  const variables = columns.map(({ name }) =>
    space.addVariable({ componentOf: folder, browseName: name, nodeId: `s=${name}`, dataType: DataType.Double }),
  );
  await server.start();
  const port = /:(\d+)\//.exec(server.getEndpointUrl())[1];
  say({ url: `opc.tcp://127.0.0.1:${port}/replay`, columns: columns.map(({ name }) => name) });

  const stdin = readline.createInterface({ input: process.stdin });
  stdin.on("close", async () => {
    await server.shutdown(0);
    process.exit(0);
  });
  let timer;
  const go = () => {
    const startMs = Date.now();
    say({ startMs });
    let next = 0;
    const play = () => {
      const { offset, row } = rows[next++];
      const stamp = new Date(Math.round(startMs + (offset * 1000) / options.speed));
      columns.forEach(({ index }, place) => {
        const value = new Variant({ dataType: DataType.Double, value: Number(row[index]) });
        variables[place].setValueFromSource(value, StatusCodes.Good, stamp);
      });
      if (next < rows.length) {
        const due = startMs + (rows[next].offset * 1000) / options.speed - Date.now();
        timer = setTimeout(play, Math.max(LEAST_MS, due));
      } else {
        say({ done: rows.length });
      }
    };
    play();
  };
  const reset = () => {
    clearTimeout(timer);
    const nothing = new Variant({ dataType: DataType.Double, value: 0 });
    variables.forEach((variable) => variable.setValueFromSource(nothing, StatusCodes.BadWaitingForInitialData));
    say({ reset: variables.length });
  };
  stdin.on("line", (line) => (line === "reset" ? reset() : go()));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
