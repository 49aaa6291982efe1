// What takes a while to know: how much of the disk a channel takes, and how far its downsampling is.
"use strict";

const SECONDS = 1;
const PATIENCE = 5;
const stored = document.getElementById("stored");
const downsampling = document.getElementById("downsampling");

async function countStored() {
  const found = await ask(stored.dataset.url);
  stored.value = found ? `${(found.bytes / 1e6).toFixed(1)} MB in ${found.files} files` : "could not be counted";
}

function isPending(status) {
  return status === "QUEUED" || status === "IN_PROGRESS";
}

function say(content) {
  const words = content.status.toLowerCase().replaceAll("_", " ");
  const text = downsampling.querySelector("[aria-live]");
  const said = content.message ? `${words}: ${content.message}` : words;
  if (text.textContent !== said) text.textContent = said;
  const bar = downsampling.querySelector("progress");
  bar.hidden = !isPending(content.status);
  if (content.progress && content.progress.total > 0) {
    bar.max = content.progress.total;
    bar.value = content.progress.done;
  }
}

async function ask(url) {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

async function follow() {
  const content = await ask(downsampling.dataset.url);
  if (content === null) {
    // The server is busy, or starts anew; the downsampling goes on after that.
    setTimeout(follow, PATIENCE * 1000);
    return;
  }
  const pending = isPending(content.status);
  if (!pending && isPending(downsampling.dataset.status)) {
    location.reload();
    return;
  }
  say(content);
  downsampling.dataset.status = content.status;
  for (const form of downsampling.querySelectorAll("form")) {
    form.hidden = (form.dataset.kind === "cancel") !== pending;
  }
  if (pending) setTimeout(follow, SECONDS * 1000);
}

countStored();
if (isPending(downsampling.dataset.status) || downsampling.dataset.status === "FAILED") follow();
