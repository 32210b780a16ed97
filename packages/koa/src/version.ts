/** Version of this package, by which its spans' scope is known. */
export const VERSION = '0.1.0'
