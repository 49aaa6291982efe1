// Runs before Neuroglancer, whose build for Python kernels it makes stand alone: nobody is there to send events, and
// the state has to be in the URL before the client starts, or it will not look there.
"use strict";

window.EventSource = class {
  constructor() {
    setTimeout(() => this.onopen?.());
  }
  close() {}
};

if (location.hash.length < 3) {
  const state = document.currentScript.dataset.state.replaceAll("{origin}", location.origin);
  history.replaceState(null, "", `${location.pathname}#!${encodeURIComponent(state)}`);
}
