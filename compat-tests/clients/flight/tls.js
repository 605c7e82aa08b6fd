// A Flight SQL client that trusts the gateway's certificate, one that does not, and one that speaks without TLS.
// Usage: node tls.js HOST FLIGHT_PORT CERTIFICATE USER PASSWORD. Prints one line per client.
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const { Client } = require('./client');

const [host, port, certificate, user, password] = process.argv.slice(2);
const channels = {
  trusting: grpc.credentials.createSsl(fs.readFileSync(certificate)),
  distrusting: grpc.credentials.createSsl(),
  plain: grpc.credentials.createInsecure(),
};

async function main() {
  for (const [name, credentials] of Object.entries(channels)) {
    const client = new Client(`${host}:${port}`, {}, credentials);
    try {
      await client.logIn(user, password);
      const { rows } = await client.query('SELECT x, repeat(chr(96 + x), 3) AS text FROM generate_series(1, 3) x ORDER BY x');
      console.log(`${name}: ${rows.map((row) => `${row.x} ${row.text}`).join(', ')}`);
    } catch (error) {
      console.log(`${name}: ${error.code === grpc.status.UNAVAILABLE ? 'unavailable' : error.message}`);
    } finally {
      client.service.close();
    }
  }
}

main();
