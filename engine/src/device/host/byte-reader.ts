/** Reads lines and counted bytes, as they are asked for, from a stream that brings them in pieces. */

/** A longer line is no message of ours. */
const longestLine = 1 << 24;

export class ByteReader {
  private readonly source: AsyncIterator<Buffer>;
  private pieces: Buffer[] = [];
  private length = 0;

  constructor(stream: AsyncIterable<Buffer>) {
    this.source = stream[Symbol.asyncIterator]();
  }

  /** Without its end; undefined where the stream ends before it. */
  async line(): Promise<string | undefined> {
    for (let searched = 0; ;) {
      const held = this.joined();
      const end = held.indexOf(10, searched);
      if (end >= 0) return this.take(end + 1).toString('utf8', 0, end);
      searched = held.length;
      if (searched > longestLine || !(await this.more())) return undefined;
    }
  }

  /** Undefined where the stream ends before them. */
  async bytes(count: number): Promise<Buffer | undefined> {
    while (this.length < count) if (!(await this.more())) return undefined;
    return this.take(count);
  }

  private async more(): Promise<boolean> {
    const { value, done } = await this.source.next();
    if (done) return false;
    this.pieces.push(value);
    this.length += value.length;
    return true;
  }

  private take(count: number): Buffer {
    const held = this.joined();
    this.pieces = [held.subarray(count)];
    this.length -= count;
    return held.subarray(0, count);
  }

  private joined(): Buffer {
    if (this.pieces.length !== 1) this.pieces = [Buffer.concat(this.pieces)];
    return this.pieces[0];
  }
}
