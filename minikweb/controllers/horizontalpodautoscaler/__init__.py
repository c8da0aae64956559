"""As many pods as their load asks for: `measure` says how many one metric wants, `behavior` how fast that may be
followed (both pure), `controller` asks, writes and tells.

Source: kubernetes/pkg/controller/podautoscaler.
"""
