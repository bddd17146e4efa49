// xterm.js without a window, as a second opinion on what a terminal shows.
//
// Stdin is a sequence of frames: one letter, a length (32 bits, little-endian), so many bytes.
//   n  a new terminal; columns and rows, 16 bits each, little-endian
//   r  the terminal has a new size, told the same way
//   b  output of the program
// After each frame one line of JSON goes to stdout: the rows of the screen (without blanks at their ends), the cursor and
// the buffer that is shown. A cursor that waits to wrap stands at x = columns.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../target/test-tools/xterm/", import.meta.url));
const { Terminal } = require("@xterm/headless");
const { Unicode11Addon } = require("@xterm/addon-unicode11");

function open(cols, rows) {
  const terminal = new Terminal({ cols, rows, scrollback: 2000, allowProposedApi: true });
  // Its own table is Unicode 6's, where most emoji are narrow.
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  return terminal;
}

function look(terminal) {
  const buffer = terminal.buffer.active;
  const rows = [];
  for (let y = 0; y < terminal.rows; y++) {
    // A row that was made narrower still has its cells beyond the edge.
    rows.push(buffer.getLine(buffer.baseY + y).translateToString(false, 0, terminal.cols).trimEnd());
  }
  return { rows, x: buffer.cursorX, y: buffer.cursorY, alternate: buffer.type === "alternate" };
}

const size = (payload) => [payload.readUInt16LE(0), payload.readUInt16LE(2)];

const input = readFileSync(0);
let terminal;
for (let at = 0; at < input.length; ) {
  const kind = String.fromCharCode(input[at]);
  const end = at + 5 + input.readUInt32LE(at + 1);
  const payload = input.subarray(at + 5, end);
  at = end;
  if (kind === "n") {
    terminal?.dispose();
    terminal = open(...size(payload));
  } else if (kind === "r") {
    terminal.resize(...size(payload));
  } else {
    await new Promise((written) => terminal.write(payload, written));
  }
  await new Promise((written) => process.stdout.write(JSON.stringify(look(terminal)) + "\n", written));
}
