// The referral banner's widget: tells analytics that the banner was seen and that an invitation was followed. The page
// and its links work without it. It sets no cookie; the visitor is known by a random id for as long as the tab lives.

/**
 * @typedef {object} WidgetConfig
 * @property {string} siteId
 * @property {string} eventsPath Where events are posted, on this origin.
 * @property {string} writeKey Allows writing events of this site, nothing else.
 */

(() => {
  const VISITOR = 'dailydoco.visitor';
  /** How much of the banner must be in view to count as seen. */
  const SEEN_RATIO = 0.5;
  const MIDDLE_BUTTON = 1;

  const script = document.currentScript;
  const configPath = script?.dataset.config;
  const banner = document.querySelector('[data-referral-banner]');
  if (configPath === undefined || banner === null) return;

  /** A random UUID. `crypto.randomUUID` is missing where a page comes without TLS. */
  const newUuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };

  const visitorId = () => {
    const fresh = newUuid();
    try {
      const known = sessionStorage.getItem(VISITOR);
      if (known !== null) return known;
      sessionStorage.setItem(VISITOR, fresh);
    } catch {
      // Storage is blocked: the id lives as long as the page.
    }
    return fresh;
  };
  const anonymousId = visitorId();

  /** @type {Promise<WidgetConfig>} */
  const config = fetch(configPath, { credentials: 'omit' }).then((answer) => {
    if (!answer.ok) throw new Error(`The widget's settings answered ${answer.status}`);
    return answer.json();
  });

  /** @param {'widget_viewed' | 'widget_clicked'} name */
  const tell = async (name) => {
    // When it happened, not when the settings had come.
    const occurredAt = new Date().toISOString();
    try {
      const { siteId, eventsPath, writeKey } = await config;
      const event = { id: newUuid(), name, occurredAt, anonymousId, properties: { siteId } };
      await fetch(eventsPath, {
        method: 'POST',
        // The page may be gone before the answer.
        keepalive: true,
        credentials: 'omit',
        headers: { authorization: `Bearer ${writeKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ events: [event] }),
      });
    } catch {
      // A lost count is no reason to trouble the visitor.
    }
  };

  let seen = false;
  const see = () => {
    if (seen || document.visibilityState !== 'visible') return;
    seen = true;
    void tell('widget_viewed');
  };

  if (typeof IntersectionObserver === 'function') {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        see();
        if (seen) observer.disconnect();
      },
      { threshold: SEEN_RATIO },
    );
    observer.observe(banner);
    document.addEventListener('visibilitychange', () => {
      if (seen) return;
      // Observing anew makes the observer tell where the banner stands now.
      observer.unobserve(banner);
      observer.observe(banner);
    });
  } else {
    see();
    document.addEventListener('visibilitychange', see);
  }

  for (const link of document.querySelectorAll('[data-referral-link]')) {
    link.addEventListener('click', () => void tell('widget_clicked'));
    link.addEventListener('auxclick', (event) => {
      if (event instanceof MouseEvent && event.button === MIDDLE_BUTTON) void tell('widget_clicked');
    });
  }
})();
