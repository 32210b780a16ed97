/** Version of this package, as it stands in the scope of its spans. */
export const VERSION = '0.1.0'
