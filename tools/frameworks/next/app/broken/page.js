export const dynamic = 'force-dynamic'

export default function Broken() {
  throw new RangeError('no price list today')
}
