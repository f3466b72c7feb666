// node tests/real/browser/run.mjs STORY

import { close, open } from "./browser.mjs";

const files = ["setup", "chat", "approvals", "pages"];
const parts = await Promise.all(files.map((file) => import(`./${file}.mjs`)));
const story = Object.assign({}, ...parts)[process.argv[2]];
if (!story) throw new Error(`there is no story ${process.argv[2]}`);
await open();
try {
  await story();
} finally {
  await close();
}
process.exit(0);
