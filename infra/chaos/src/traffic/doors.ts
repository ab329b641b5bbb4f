/** The gateways that requests go to, each in its turn. One that is about to leave is taken out first, as a cluster does. */
export class Doors {
  #open: readonly string[];
  #turn = 0;

  constructor(urls: readonly string[]) {
    this.#open = urls;
  }

  next(): string {
    this.#turn += 1;
    const url = this.#open[this.#turn % this.#open.length];
    if (url === undefined) throw new Error('every gateway is closed');
    return url;
  }

  close(url: string): void {
    this.#open = this.#open.filter((one) => one !== url);
  }

  reopen(url: string): void {
    this.close(url);
    this.#open = [...this.#open, url];
  }
}
