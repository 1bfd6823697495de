// An OPC UA server that is not ours, set up as plants set theirs up: few nodes a call, certificates checked.
//
//   node strict_server.js '{"work": "folder for certificates", "most": 7, "points": 30, "secure": false}'
//
// Prints {"url", "trusted"} when it answers; ``trusted`` is the folder of trusted client certificates. Variables are
// ns=2;s=P1 … (Float, 1.55) in the namespace http://plant.example/dcs. Ends when stdin closes.
"use strict";

const path = require("node:path");

const options = JSON.parse(process.argv[2]);
const load = (name) => require(require.resolve(name, { paths: [options.modules] }));
const { OPCUAServer } = load("node-opcua-server");
const { OPCUACertificateManager } = load("node-opcua-certificate-manager");
const { Variant, DataType } = load("node-opcua-variant");
const { MessageSecurityMode, SecurityPolicy } = load("node-opcua-secure-channel");

async function main() {
  const certificates = new OPCUACertificateManager({
    automaticallyAcceptUnknownCertificate: !options.secure,
    rootFolder: path.join(options.work, "pki"),
  });
  const server = new OPCUAServer({
    port: 0,
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    resourcePath: "/strict",
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityModes: options.secure ? [MessageSecurityMode.SignAndEncrypt] : [MessageSecurityMode.None],
    securityPolicies: options.secure ? [SecurityPolicy.Basic256Sha256] : [SecurityPolicy.None],
    serverCapabilities: {
      operationLimits: {
        maxNodesPerRead: options.most,
        maxNodesPerBrowse: options.most,
        maxMonitoredItemsPerCall: options.most,
      },
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace.registerNamespace("http://plant.example/dcs");
  const folder = space.addObject({ organizedBy: "ObjectsFolder", browseName: "Plant", nodeId: "s=Plant" });
  for (let number = 1; number <= options.points; number++) {
    const variable = space.addVariable({
      componentOf: folder, browseName: `P${number}`, nodeId: `s=P${number}`, dataType: DataType.Float,
    });
    variable.setValueFromSource(new Variant({ dataType: DataType.Float, value: 1.55 }));
  }
  await server.start();
  const port = /:(\d+)\//.exec(server.getEndpointUrl())[1];
  process.stdout.write(
    JSON.stringify({ url: `opc.tcp://127.0.0.1:${port}/strict`, trusted: certificates.trustedFolder }) + "\n",
  );
  process.stdin.on("close", async () => {
    await server.shutdown(0);
    process.exit(0);
  });
  process.stdin.resume();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
