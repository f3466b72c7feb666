// node tests/real/browser/run.mjs STORY

import { close, open, shown } from "./browser.mjs";

const files = ["setup", "chat", "approvals", "pages", "push", "words"];
const parts = await Promise.all(files.map((file) => import(`./${file}.mjs`)));
const story = Object.assign({}, ...parts)[process.argv[2]];
if (!story) throw new Error(`there is no story ${process.argv[2]}`);
await open();
try {
  await story();
} catch (error) {
  console.error(`${error.stack}\n${await shown()}`);
  process.exit(1);
} finally {
  await close();
}
process.exit(0);
