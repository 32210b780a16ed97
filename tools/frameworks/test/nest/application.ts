import type {
  ArgumentsHost,
  CanActivate,
  ExceptionFilter,
  ExecutionContext,
  PipeTransform,
  Type,
} from '@nestjs/common'
import type { ClientKafka } from '@nestjs/microservices'
import { withSpan } from '@spanwright/core'
import type { Request, Response } from 'express'
import type { Observable } from 'rxjs'

import type * as nest12 from '../../nest12/nest.ts'

/** Nest, typed as its newest version. */
export type Nest = typeof nest12

/** Injection token of the Kafka client. */
export const KAFKA = 'KAFKA'

/** The classes of an application. */
export function applicationOf(
  { common, microservices, rxjs }: Nest,
  topic: string,
): { readonly controllers: Type[]; readonly providers: Type[] } {
  const { Body, Catch, Controller, Get, Inject, Injectable, NotFoundException } = common
  const { Param, Post, Sse, UseFilters, UseGuards } = common
  const { EventPattern, MessagePattern, Payload } = microservices
  const { lastValueFrom, of, ReplaySubject } = rxjs

  class OutOfStock extends Error {}

  @Injectable()
  class RolesGuard implements CanActivate {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const { headers } = context.switchToHttp().getRequest<Request>()
      await withSpan('look up roles', () => Promise.resolve())
      if (headers['x-role'] === 'broken') throw new RangeError('no such role')
      return headers['x-role'] !== 'none'
    }
  }

  @Injectable()
  class StreamingGuard implements CanActivate {
    canActivate(context: ExecutionContext): Observable<boolean> {
      const allowed = new ReplaySubject<boolean>()
      const { headers } = context.switchToHttp().getRequest<Request>()
      if (headers['x-role'] === 'broken') allowed.error(new RangeError('no such role'))
      else allowed.next(true)
      allowed.complete()
      return allowed
    }
  }

  /** Looks like a pipe and a filter, and is neither. */
  @Injectable()
  class Catalogue {
    transform(name: string): string {
      return name.toUpperCase()
    }

    catch(name: string): string {
      return this.transform(name)
    }
  }

  @Injectable()
  class NumberPipe implements PipeTransform {
    transform(value: unknown): unknown {
      if (value === 'NaN') throw new SyntaxError('not a number')
      return withSpan('parse', () => Number(value))
    }
  }

  @Catch(OutOfStock)
  class StockFilter implements ExceptionFilter {
    catch(_error: unknown, host: ArgumentsHost): void {
      host.switchToHttp().getResponse<Response>().status(503).json({ error: 'out of stock' })
    }
  }

  @Catch(RangeError)
  class RoleFilter implements ExceptionFilter {
    catch(_error: unknown, host: ArgumentsHost): void {
      host.switchToHttp().getResponse<Response>().status(500).json({ error: 'roles' })
    }
  }

  @Controller({ path: 'carts', version: '2' })
  class CartsController {
    @Get(':id')
    find(): object {
      return {}
    }
  }

  @Controller('orders')
  class OrdersController {
    private readonly kafka: ClientKafka
    private readonly catalogue: Catalogue
    private hasFailed = false

    constructor(@Inject(KAFKA) kafka: ClientKafka, @Inject(Catalogue) catalogue: Catalogue) {
      this.kafka = kafka
      this.catalogue = catalogue
    }

    @Get('streamed')
    @UseGuards(StreamingGuard)
    @UseFilters(RoleFilter)
    streamed(): object {
      return { name: this.catalogue.catch('teapot') }
    }

    @Get('stream')
    stream(): unknown {
      return of({ id: 1 })
    }

    @Get('broken')
    broken(): never {
      throw new TypeError('does not work')
    }

    @Get('missing')
    missing(): never {
      throw new NotFoundException('no such order')
    }

    @Get('stock')
    @UseFilters(StockFilter)
    stock(): Promise<never> {
      return Promise.reject(new OutOfStock('none left'))
    }

    @Get('guarded/:id')
    @UseGuards(RolesGuard)
    @UseFilters(RoleFilter)
    guarded(@Param('id', NumberPipe) id: number): Promise<object> {
      return withSpan('load', () => Promise.resolve({ id }))
    }

    @Sse('events')
    events(): unknown {
      return of({ data: 'first' }, { data: 'second' })
    }

    @Post()
    async create(@Body() order: object): Promise<object> {
      await lastValueFrom(this.kafka.emit(topic, { key: '7', value: order }))
      return { accepted: true }
    }

    @Post('quote')
    async quote(): Promise<object> {
      return lastValueFrom(this.kafka.send<object>(`${topic}.quote`, { item: 'teapot' }))
    }

    @MessagePattern(`${topic}.quote`)
    quoted(): Promise<object> {
      return withSpan('look up price', () => Promise.resolve({ price: 24 }))
    }

    @EventPattern(topic)
    async created(@Payload() order: { readonly fails?: boolean }): Promise<void> {
      if (order.fails && !this.hasFailed) {
        this.hasFailed = true
        throw new TypeError('cannot ship')
      }
      await withSpan('ship', () => Promise.resolve())
    }
  }

  return {
    controllers: [CartsController, OrdersController],
    providers: [Catalogue, RolesGuard, StreamingGuard, NumberPipe, StockFilter, RoleFilter],
  }
}
