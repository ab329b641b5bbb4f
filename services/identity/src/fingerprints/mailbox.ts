/** Providers where dots in the name mean nothing, with the domain that stands for all spellings of the same mailbox. */
const DOTLESS: ReadonlyMap<string, string> = new Map([
  ['gmail.com', 'gmail.com'],
  ['googlemail.com', 'gmail.com'],
]);

/** Providers whose tag begins with a hyphen: a hyphen cannot be part of a name there. */
const HYPHEN_TAGS: ReadonlySet<string> = new Set(['yahoo.com', 'yahoo.co.uk', 'yahoo.de', 'yahoo.fr', 'ymail.com']);

/**
 * The mailbox behind an e-mail address, so that aliases of one mailbox are one text: what follows a plus in the name is a
 * tag (RFC 5233), everywhere; dots and hyphens are looked at where the provider is known to pass them over. Nothing can
 * be sent to the result; it is for comparing.
 */
export function mailboxOf(email: string): string {
  const address = email.trim().toLowerCase();
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  const name = untagged(address.slice(0, at), '+');
  const dotless = DOTLESS.get(domain);
  if (dotless !== undefined) return `${name.replaceAll('.', '')}@${dotless}`;
  return `${HYPHEN_TAGS.has(domain) ? untagged(name, '-') : name}@${domain}`;
}

/** A name that is nothing but a tag stays as it is. */
function untagged(name: string, mark: string): string {
  const end = name.indexOf(mark);
  return end > 0 ? name.slice(0, end) : name;
}
