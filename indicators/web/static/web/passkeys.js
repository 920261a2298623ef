// Passkeys: asks the browser for one, and puts its answer in the form. Without script there are
// passwords and codes; forms that need this file are hidden until it runs.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const creation = (told, isPasskey) => ({
    ...told,
    challenge: bytes(told.challenge),
    user: { ...told.user, id: bytes(told.user.id) },
    excludeCredentials: known(told.excludeCredentials),
    authenticatorSelection: {
      ...told.authenticatorSelection,
      residentKey: isPasskey ? "required" : "discouraged",
      requireResidentKey: isPasskey,
      ...(isPasskey ? { userVerification: "required" } : {}),
    },
  });
  const request = (told) => ({
    ...told,
    challenge: bytes(told.challenge),
    allowCredentials: known(told.allowCredentials),
  });

  const answer = (credential) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  };

  const fetched = async (form) => {
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error("This node did not answer. Try again in a minute.");
    return (await response.json()).request_options;
  };
  const shown = (form) => JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent);

  const asked = async (form) => {
    if (form.dataset.passkey === "create") {
      const isPasskey = Boolean(form.elements.passwordless && form.elements.passwordless.checked);
      return navigator.credentials.create({ publicKey: creation(shown(form).publicKey, isPasskey) });
    }
    const told = form.dataset.passkey === "sign-in" ? await fetched(form) : shown(form);
    return navigator.credentials.get({ publicKey: request(told.publicKey) });
  };

  const say = (form, words) => {
    const place = form.querySelector("[data-passkey-error]");
    place.textContent = words;
    place.hidden = false;
  };

  const named = () => `Browsers keep passkeys for names, not for numbers: open this node as ${location.hostname.startsWith("127.")
    ? `${location.protocol}//localhost:${location.port}/` : "it is called, with https"}.`;
  const reason = (error) => ({ NotAllowedError: "Nothing was chosen.", SecurityError: named() })[error.name] || error.message;

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!window.PublicKeyCredential) {
      say(form, "This browser has no passkeys here; they need https, or localhost.");
      return;
    }
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        form.elements.credential.value = JSON.stringify(answer(await asked(form)));
        form.submit();
      } catch (error) {
        say(form, reason(error));
      }
    });
  });
})();
