/** The part of an Observable of RxJS that is used. */
interface Source {
  subscribe(observer: Observer): { unsubscribe(): void }
}

interface Observer {
  next(value: unknown): void
  error(thrown: unknown): void
  complete(): void
}

type SourceClass = new (subscribe: (observer: Observer) => () => void) => Source

/** How something ended, with the error if there was one. Only the first call counts. */
export type Ended = (thrown?: { readonly value: unknown }) => void

/** True for an Observable. */
export function isObservable(value: unknown): boolean {
  return typeof (value as Partial<Source> | null | undefined)?.subscribe === 'function'
}

/**
 * An Observable that does the same as the given one and says how it ended, or that its subscriber has left. RxJS is not
 * imported: the class is that of the given one, which Nest knows even where several copies are installed.
 * @returns the given value if it is no Observable
 */
export function watchEnd<Observable>(observable: Observable, ended: Ended): Observable {
  if (!isObservable(observable)) return observable
  const source = observable as Source
  const Observable = observableClassOf(source)
  return new Observable(subscriber => {
    const subscription = source.subscribe({
      next: value => subscriber.next(value),
      error(thrown) {
        ended({ value: thrown })
        subscriber.error(thrown)
      },
      complete() {
        ended()
        subscriber.complete()
      },
    })
    return () => {
      ended()
      subscription.unsubscribe()
    }
  }) as Observable
}

/** The class that defines `subscribe`: classes derived from it, such as Subject, are constructed differently. */
function observableClassOf(source: Source): SourceClass {
  let prototype: object = source
  while (!Object.hasOwn(prototype, 'subscribe')) prototype = Object.getPrototypeOf(prototype) as object
  return prototype.constructor as SourceClass
}
