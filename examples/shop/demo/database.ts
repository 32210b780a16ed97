import { Client } from 'pg'

/** Tables of the shop, in a schema of their own that is dropped afterwards: `DATABASE_URL` may be a database in use. */
export interface ShopDatabase {
  /** Connection string whose search path is that schema. */
  readonly connectionString: string
  drop(): Promise<void>
}

const TABLES = `
  CREATE TABLE stock (sku text PRIMARY KEY, available integer NOT NULL);
  CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL REFERENCES stock,
    quantity integer NOT NULL CONSTRAINT quantity_is_positive CHECK (quantity > 0),
    status text NOT NULL DEFAULT 'placed'
  );
  INSERT INTO stock VALUES ('teapot', 10), ('kettle', 0);
`

/** Creates the tables and the stock of the shop. */
export async function createShop(url: string): Promise<ShopDatabase> {
  const schema = `spanwright_shop_${process.pid}`
  await execute(url, `CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${TABLES}`)
  const withSchema = new URL(url)
  withSchema.searchParams.set('options', `-c search_path=${schema}`)
  return {
    connectionString: withSchema.href,
    drop: () => execute(url, `DROP SCHEMA ${schema} CASCADE`),
  }
}

async function execute(connectionString: string, statements: string): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}
