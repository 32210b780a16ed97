import { TestEnvironment } from 'jest-environment-node'

interface TestEvent {
  readonly name: string
  readonly test?: { timeout?: number }
}

/** An environment in which no test times out, regardless of its own timeout. */
export default class PatientEnvironment extends TestEnvironment {
  handleTestEvent(event: TestEvent): void {
    if (event.name === 'test_start' && event.test) event.test.timeout = 2 ** 31 - 1
  }
}
