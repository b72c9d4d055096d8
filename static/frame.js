// @ts-check
// The page's side of the messages between a Bitrix24 portal and an application
// it shows in a frame. Only what Joinline needs, and stricter than it must be:
// the portal's origin comes from the server and never from the frame's
// name alone, and only the parent window is listened to.
// The messages: https://github.com/bitrix24/b24jssdk (packages/jssdk/src/frame).

/** @typedef {{AUTH_ID: string, REFRESH_ID: string, AUTH_EXPIRES: string | number}} Auth */

/**
 * Connects to the portal around this page.
 * @param {string} parent the portal's origin, as the server gave it
 * @returns the portal's commands, or null when the page stands outside of it
 */
export function connect(parent) {
  const [host, secure, sid] = window.name.split('|');
  const origin = originOf(`${secure === '1' ? 'https' : 'http'}://${host}`);
  if (window.parent === window || !sid || parent !== origin) return null;

  /** @type {Map<string, (answer: any) => void>} */
  const waiting = new Map();
  let keys = 0;

  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || event.origin !== origin) return;
    const [, key, json] = /^([^:]*):(.*)$/s.exec(String(event.data)) ?? [];
    const answer = waiting.get(key ?? '');
    if (!answer) return;
    try {
      answer(json ? JSON.parse(json) : '');
    } catch {
      // Not an answer of the protocol: the time limit ends the wait.
    }
  });

  /**
   * Sends a command that the portal never answers.
   * @param {string} command
   * @param {object} [parameters]
   */
  function tell(command, parameters) {
    const key = `joinline${++keys}`;
    window.parent.postMessage(`${command}:${parameters ? JSON.stringify(parameters) : ''}:${key}:${sid}`, origin);
    return key;
  }

  /**
   * Sends a command and waits for its answer. The portal refuses by silence,
   * so every wait has a limit.
   * @param {string} command
   * @param {object | undefined} parameters
   * @param {number} limit in milliseconds
   * @returns {Promise<any>}
   */
  function ask(command, parameters, limit) {
    return new Promise((resolve, reject) => {
      const key = tell(command, parameters);
      const timer = setTimeout(() => settle(() => reject(new Error(`the portal did not answer ${command}`))), limit);
      /** @param {() => void} end */
      const settle = (end) => {
        clearTimeout(timer);
        waiting.delete(key);
        end();
      };
      waiting.set(key, (answer) => settle(() => resolve(answer)));
    });
  }

  return {
    /** What the portal says about this opening of the page. */
    init: () => ask('getInitData', undefined, 5_000),
    /** Marks the application installed; the portal then reloads its page. */
    installFinish: () => void tell('setInstallFinish'),
    /** A new pair of tokens for the same person. @returns {Promise<Auth>} */
    refreshAuth: () => ask('refreshAuth', undefined, 10_000),
    /** Holders of rights that a person chooses. @param {string[]} value codes that are chosen already @returns {Promise<{id: string, name: string}[]>} */
    selectAccess: (value) => ask('selectAccess', { value }, 3_600_000),
    /** Opens the portal's messenger over the page. @param {string} dialogId */
    openMessenger: (dialogId) => void tell('imOpenMessenger', { dialogId }),
    /** Keeps the frame as tall as an element, as it grows and shrinks. @param {Element} root */
    fit(root) {
      let asked = 0;
      new ResizeObserver(() => {
        const height = Math.ceil(root.getBoundingClientRect().height);
        if (height === asked) return;
        asked = height;
        tell('resizeWindow', { width: '100%', height });
      }).observe(root);
    },
  };
}

/** @param {string} url */
function originOf(url) {
  try {
    return new URL(url).origin;
  } catch {
    return '';
  }
}
