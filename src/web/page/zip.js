// Makes a zip archive of files, stored and not compressed (APPNOTE.TXT 6.3, sections 4.3 and 4.4):
// what a browser can do without a library, for sound that hardly gets smaller.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit += 1) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

async function crc32(blob) {
  let crc = 0xffffffff;
  const reader = blob.stream().getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    for (const octet of next.value) crc = TABLE[(crc ^ octet) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Numbers as octets, the least first: pairs of a width in octets and a value. */
function octets(...pairs) {
  const view = new DataView(new ArrayBuffer(pairs.reduce((sum, [width]) => sum + width, 0)));
  let at = 0;
  for (const [width, value] of pairs) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return view.buffer;
}

const UTF8 = 0x0800; // the names are UTF-8
const DATE = 0x0021; // the first of January 1980

/** A zip archive of `[{ name, file }]` as a Blob. */
export async function zipOf(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, file } of entries) {
    const label = new TextEncoder().encode(name);
    const common = [[2, 20], [2, UTF8], [2, 0], [2, 0], [2, DATE],
      [4, await crc32(file)], [4, file.size], [4, file.size], [2, label.length], [2, 0]];
    parts.push(octets([4, 0x04034b50], ...common), label, file);
    directory.push(octets([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), label);
    offset += 30 + label.length + file.size;
  }
  const length = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = octets([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length],
    [4, length], [4, offset], [2, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
