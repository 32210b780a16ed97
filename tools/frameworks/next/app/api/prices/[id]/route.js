export async function GET() {
  return Response.json({ price: 24 })
}
