"use strict";
// The link that the daemon prints at a terminal signs in once, and leaves no trace.
const code = new URLSearchParams(location.hash.slice(1)).get("code");
if (code !== null) {
  history.replaceState(null, "", location.pathname);
  fetch("../session", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({code})});
}
window.ui = SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
