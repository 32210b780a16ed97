/** Shows how far a run is: on a terminal in one line that changes, otherwise line by line. */
export class Progress {
  private readonly stream: NodeJS.WriteStream
  private readonly startedAt = Date.now()

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
  }

  show(line: string): void {
    const seconds = Math.round((Date.now() - this.startedAt) / 1000)
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
    const [first = ''] = line.split('\n')
    if (!this.stream.isTTY) {
      this.stream.write(`${time}  ${line}\n`)
      return
    }
    this.clear()
    // What is more than a state stays on the screen.
    if (line.includes('\n') || /failed|skipped/.test(line)) this.stream.write(`${time}  ${line}\n`)
    else this.stream.write(`${time}  ${first.slice(0, this.stream.columns - 8)}`)
  }

  clear(): void {
    if (this.stream.isTTY) this.stream.write('\r\u001B[K')
  }
}
