// A button on each example that copies it.
"use strict";

for (const example of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    // Browsers let only pages with TLS, or of this machine, write to the clipboard by themselves.
    try {
      await navigator.clipboard.writeText(example.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(example);
      button.textContent = "Selected: copy it with your keyboard";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  example.before(button);
}
