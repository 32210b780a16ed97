export const dynamic = 'force-dynamic'

export default async function Item({ params }) {
  const { id } = await params
  const price = await fetch(`${process.env.PRICES}/api/prices/${id}`, { cache: 'no-store' })
  return <p>{(await price.json()).price}</p>
}
