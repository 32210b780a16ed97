import { posix } from 'node:path'

/**
 * The README of a package as npm shows it: links to other packages point to their pages on npm, and links into the
 * repository to its URL, or become plain text when it has none. Comments for the check of code are left out.
 */
export function readmeForNpm(text: string, folder: string, home: string | undefined): string {
  return text
    .replaceAll(/^<!-- code: [^]*?-->\n/gm, '')
    .replace(
      /(!?)\[((?:[^[\]]|\[[^[\]]*\])*)\]\(([^()\s]+)\)/g,
      (whole, image: string, label: string, target: string) => {
        if (/^(?:[a-z]+:|#)/.test(target)) return whole
        const [path = '', anchor] = posix.join('packages', folder, target).split('#')
        const name = /^packages\/([^/]+)(?:\/README\.md)?\/?$/.exec(path)?.[1]
        const suffix = anchor === undefined ? '' : `#${anchor}`
        if (name !== undefined)
          return `[${label}](https://www.npmjs.com/package/@spanwright/${name}${suffix})`
        if (home === undefined) return label
        return `${image}[${label}](${home}/${image ? 'raw' : 'blob'}/main/${path}${suffix})`
      },
    )
}
