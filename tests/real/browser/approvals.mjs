// What asks before it acts.

import { answered, check, env, noProblems, say, shows, signedIn, tell, url } from "./browser.mjs";

/// Asked for in one tab, survives a kill, answered in another, finished in the first.
export async function approved_in_another_tab() {
  const asking = await signedIn();
  await say(asking, env.REQUEST);
  const card = asking.locator(".approval");
  await card.getByText("waits for you").waitFor();
  const conversation = asking.url();
  await tell("parked");

  const other = await asking.context().newPage();
  await other.goto(url("/approvals"));
  await other.locator(".approval").getByText("waits for you").waitFor();
  await tell("seen in another tab");
  await other.locator('.approval button[value="approve"]').click();
  await other.locator(".approval", { hasText: "waits for you" }).waitFor({ state: "detached" });

  await shows(asking, "All is done");
  await answered(asking);
  check((await asking.locator(".approval", { hasText: "waits for you" }).count()) === 0, "the card is settled");
  await asking.goto(conversation);
  await shows(asking, "All is done");
  noProblems(asking);
}

/// A no: nothing is done, and the model hears it.
export async function denied_in_the_chat() {
  const page = await signedIn();
  await say(page, env.REQUEST);
  await page.locator(".approval").getByText("waits for you").waitFor();
  await page.locator('.approval form.actions button[value="deny"]').click();
  await shows(page, "I left it alone");
  await answered(page);
  noProblems(page);
}
