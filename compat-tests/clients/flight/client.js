// A small Flight SQL client on gRPC for JavaScript: what the tests need, and no more.
'use strict';
const path = require('path');
const grpc = require('@grpc/grpc-js');
const protobuf = require('protobufjs');
const { RecordBatchReader, tableToIPC } = require('apache-arrow');

const root = path.join(__dirname, '..', '..', '..');
const flight = protobuf.loadSync(path.join(root, 'core/Flight/Protos/Flight.proto'));
const sql = protobuf.loadSync(path.join(root, 'gateway/FlightSql/Protos/FlightSql.proto'));
const data = protobuf.parse(
  'syntax = "proto3"; message FlightData { bytes descriptor = 1; bytes data_header = 2; bytes app_metadata = 3; bytes data_body = 1000; }',
  { keepCase: true }).root.lookupType('FlightData');

const type = (name) => flight.lookupType(`arrow.flight.protocol.${name}`);
const sqlType = (name) => sql.lookupType(`arrow.flight.protocol.sql.${name}`);
const encode = (message, value) => Buffer.from(message.encode(message.fromObject(value)).finish());

/** A Flight SQL message inside of google.protobuf.Any. */
function pack(name, value) {
  const body = encode(sqlType(name), value);
  const url = Buffer.from(`type.googleapis.com/arrow.flight.protocol.sql.${name}`);
  const field = (tag, bytes) => {
    const writer = protobuf.Writer.create().uint32((tag << 3) | 2).bytes(bytes);
    return Buffer.from(writer.finish());
  };
  return Buffer.concat([field(1, url), field(2, body)]);
}

/** The message in an Any. */
function unpack(name, bytes) {
  const reader = protobuf.Reader.create(bytes);
  let value = Buffer.alloc(0);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 2) value = reader.bytes();
    else reader.skipType(tag & 7);
  }
  return sqlType(name).decode(value);
}

const method = (name, requestType, responseType, requestStream, responseStream) => ({
  path: `/arrow.flight.protocol.FlightService/${name}`, requestStream, responseStream,
  requestSerialize: (value) => encode(requestType, value), requestDeserialize: (bytes) => requestType.decode(bytes),
  responseSerialize: (value) => encode(responseType, value), responseDeserialize: (bytes) => responseType.decode(bytes),
});

const Service = grpc.makeGenericClientConstructor({
  Handshake: method('Handshake', type('HandshakeRequest'), type('HandshakeResponse'), true, true),
  ListFlights: method('ListFlights', type('Criteria'), type('FlightInfo'), false, true),
  GetFlightInfo: method('GetFlightInfo', type('FlightDescriptor'), type('FlightInfo'), false, false),
  GetSchema: method('GetSchema', type('FlightDescriptor'), type('SchemaResult'), false, false),
  DoGet: method('DoGet', type('Ticket'), data, false, true),
  DoPut: method('DoPut', data, type('PutResult'), true, true),
  DoAction: method('DoAction', type('Action'), type('Result'), false, true),
  ListActions: method('ListActions', type('Empty'), type('ActionType'), false, true),
}, 'FlightService');

const all = (stream) => new Promise((resolve, reject) => {
  const items = [];
  stream.on('data', (item) => items.push(item)).on('end', () => resolve(items)).on('error', reject);
});

/** The stream format of messages that came as FlightData. */
function toStream(messages) {
  const parts = [];
  for (const message of messages) {
    if (message.data_header.length === 0) continue;
    const prefix = Buffer.alloc(8);
    prefix.writeInt32LE(-1, 0);
    prefix.writeInt32LE(message.data_header.length, 4);
    parts.push(prefix, message.data_header, Buffer.from(message.data_body)); // absent is an empty array
  }
  return Buffer.concat(parts);
}

/** The messages of the stream format: [header, body] pairs. */
function fromStream(bytes) {
  const messages = [];
  const { MessageReader } = require('apache-arrow');
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = bytes.readInt32LE(at + 4);
    if (length === 0) break;
    const header = bytes.subarray(at + 8, at + 8 + length);
    const bodyLength = Number(new MessageReader(bytes.subarray(at)).readMessage().bodyLength);
    messages.push([header, bytes.subarray(at + 8 + length, at + 8 + length + bodyLength)]);
    at += 8 + length + bodyLength;
  }
  return messages;
}

class Client {
  /** @param credentials of the channel; clear text unless told */
  constructor(address, headers = {}, credentials = grpc.credentials.createInsecure()) {
    this.service = new Service(address, credentials, { 'grpc.max_receive_message_length': -1 });
    this.headers = headers;
  }

  metadata() {
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(this.headers)) metadata.set(name, value);
    return metadata;
  }

  /** Logs in by Handshake; later calls send the token. */
  logIn(user, password) {
    this.headers.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    return new Promise((resolve, reject) => {
      const call = this.service.Handshake(this.metadata());
      call.on('metadata', (metadata) => { this.headers.authorization = metadata.get('authorization')[0]; });
      call.on('data', (response) => { this.token = Buffer.from(response.payload).toString(); }).on('end', () => resolve(this.token)).on('error', reject);
      call.write({});
      call.end();
    });
  }

  info(command) {
    return new Promise((resolve, reject) => this.service.GetFlightInfo(
      { type: 2, cmd: command }, this.metadata(), (error, info) => (error ? reject(error) : resolve(info))));
  }

  get(ticket) {
    return this.service.DoGet({ ticket }, this.metadata());
  }

  /** The table that a command stands for. */
  async fetch(command) {
    const info = await this.info(command);
    const messages = await all(this.get(info.endpoint[0].ticket.ticket));
    const reader = RecordBatchReader.from(toStream(messages)).open();
    const schema = reader.schema;
    const rows = [...reader].flatMap((batch) => batch.toArray().map((row) => row.toJSON()));
    return { info, schema, rows, names: schema.fields.map((field) => field.name), messages };
  }

  query(query, transaction) {
    return this.fetch(pack('CommandStatementQuery', { query, ...(transaction ? { transactionId: transaction } : {}) }));
  }

  async put(command, table) {
    const call = this.service.DoPut(this.metadata());
    const results = all(call);
    const messages = table ? fromStream(Buffer.from(tableToIPC(table, 'stream'))) : [[Buffer.alloc(0), Buffer.alloc(0)]];
    const descriptor = encode(type('FlightDescriptor'), { type: 2, cmd: command });
    messages.forEach(([header, body], i) => call.write({ ...(i === 0 ? { descriptor } : {}), data_header: header, data_body: body }));
    call.end();
    return results;
  }

  async update(query, transaction) {
    const results = await this.put(pack('CommandStatementUpdate', { query, ...(transaction ? { transactionId: transaction } : {}) }));
    return Number(sqlType('DoPutUpdateResult').decode(results[0].appMetadata).recordCount);
  }

  async action(name, body) {
    return (await all(this.service.DoAction({ type: name, body }, this.metadata()))).map((result) => result.body);
  }

  async prepare(query, transaction) {
    const [body] = await this.action('CreatePreparedStatement', pack('ActionCreatePreparedStatementRequest', { query, ...(transaction ? { transactionId: transaction } : {}) }));
    const result = unpack('ActionCreatePreparedStatementResult', body);
    const fields = (bytes) => (bytes.length === 0 ? [] : RecordBatchReader.from(Buffer.concat([bytes, Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])])).open().schema.fields.map((field) => `${field.name} ${field.type}`));
    return { handle: result.preparedStatementHandle, columns: fields(result.datasetSchema), parameters: fields(result.parameterSchema) };
  }

  async begin() {
    const [body] = await this.action('BeginTransaction', pack('ActionBeginTransactionRequest', {}));
    return unpack('ActionBeginTransactionResult', body).transactionId;
  }

  end(transaction, commits) {
    return this.action('EndTransaction', pack('ActionEndTransactionRequest', { transactionId: transaction, action: commits ? 1 : 2 }));
  }

  close() {
    this.service.close();
  }
}

module.exports = { Client, pack, unpack, type, sqlType, encode, all };
