import tracer from 'dd-trace'

tracer.init({ plugins: false })
new tracer.TracerProvider().register()
