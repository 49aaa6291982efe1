// Sends files that were dropped or chosen, and shows how far it is.
"use strict";

const upload = document.getElementById("upload");

function place() {
  const query = new URLSearchParams();
  for (const axis of upload.querySelectorAll("input[type=number]")) query.set(axis.name, axis.value);
  return `${upload.dataset.url}?${query}`;
}

function sendFiles() {
  const chosen = document.getElementById("files").files;
  const alert = upload.querySelector("[role=alert]");
  const bar = upload.querySelector("progress");
  const button = upload.querySelector("button");
  const body = new FormData();
  for (const file of chosen) body.append("files", file, file.name);
  const sending = new XMLHttpRequest();  // fetch does not tell how far it is
  sending.open("POST", place());
  sending.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=form-token]").content);
  sending.responseType = "json";
  sending.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
  sending.onloadend = () => {
    bar.hidden = true;
    button.disabled = false;
    if (sending.status === 201) location.reload();
    else alert.textContent = sending.response?.message ?? sending.response?.detail ?? "The server could not be reached.";
  };
  alert.textContent = "";
  bar.value = 0;
  bar.hidden = false;
  button.disabled = true;
  sending.send(body);
}

if (upload !== null) {
  const drop = upload.querySelector(".drop");
  upload.addEventListener("submit", (event) => {
    event.preventDefault();
    sendFiles();
  });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length > 0) document.getElementById("files").files = event.dataTransfer.files;
  });
}
