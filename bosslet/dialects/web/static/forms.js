// Sends forms with data-url to the API of this server, and says what it answers; opens what asks before a deletion.
"use strict";

const formToken = document.querySelector("meta[name=form-token]").content;

function fields(form) {
  const names = {};
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.type === "fieldset") continue;
    if (field.type !== "checkbox" && field.value === "") continue;
    const value = field.type === "checkbox" ? field.checked : field.type === "number" ? Number(field.value) : field.value;
    (("path" in field.dataset) ? names : body)[field.name] = value;
  }
  return [names, body];
}

function filled(template, names) {
  return template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name]));
}

async function reason(answer) {
  const content = await answer.json().catch(() => ({}));
  return content.message ?? content.detail ?? `the server answers ${answer.status}`;
}

async function send(form) {
  const [names, body] = fields(form);
  const alert = form.querySelector("[role=alert]");
  const button = form.querySelector("button:not([type=button])");
  const headers = { "X-CSRFToken": formToken };
  if (form.dataset.method !== "DELETE") headers["Content-Type"] = "application/json";
  button.disabled = true;
  alert.textContent = "";
  try {
    const options = { method: form.dataset.method, headers };
    if (form.dataset.method !== "DELETE") options.body = JSON.stringify(body);
    const answer = await fetch(filled(form.dataset.url, names), options);
    if (answer.ok) {
      if (form.dataset.next) location.assign(filled(form.dataset.next, names));
      else location.reload();
      return;
    }
    alert.textContent = await reason(answer);
  } catch (error) {
    alert.textContent = `The server could not be reached: ${error.message}`;
  }
  button.disabled = false;
}

for (const form of document.querySelectorAll("form[data-method]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
for (const button of document.querySelectorAll("[data-dialog]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.dialog).showModal());
}
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
