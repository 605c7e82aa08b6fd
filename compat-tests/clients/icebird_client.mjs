// Reads an Iceberg table by its folder with icebird, a reader that shares no code with the gateway, and prints each row as JSON.
// node icebird_client.mjs <folder> <name of the metadata file>
import { readFileSync, statSync } from 'node:fs'
import { icebergRead } from 'icebird'

// icebird fetches whatever a table's metadata names; here these are local paths.
globalThis.fetch = async (url, init = {}) => {
  const path = String(url).replace(/^file:\/\//, '')
  const length = statSync(path).size
  if (init.method === 'HEAD') return new Response(null, { headers: { 'content-length': String(length) } })
  const range = new Headers(init.headers).get('range')?.match(/^bytes=(\d+)-(\d*)$/)
  if (!range) return new Response(readFileSync(path), { headers: { 'content-length': String(length) } })
  const [start, end] = [Number(range[1]), range[2] === '' ? length - 1 : Math.min(Number(range[2]), length - 1)]
  return new Response(readFileSync(path).subarray(start, end + 1), { status: 206, headers: { 'content-range': `bytes ${start}-${end}/${length}` } })
}

const [folder, metadataFileName] = process.argv.slice(2)
const rows = await icebergRead({ tableUrl: folder, metadataFileName })
const plain = (name, value) => {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return value === undefined ? null : value
}
for (const row of rows) console.log(JSON.stringify(Object.entries(row), plain))
