import mailChecker from 'mailchecker';

/**
 * Whether mailboxes of a domain, or of a domain above it, are made to be thrown away. The list comes with the package
 * and is as new as its pinned version.
 */
export function isDisposableDomain(domain: string): boolean {
  const domains = mailChecker.blacklist();
  const labels = domain.toLowerCase().split('.');
  return labels.some((_, index) => index < labels.length - 1 && domains.has(labels.slice(index).join('.')));
}
