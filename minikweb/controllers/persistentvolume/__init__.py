"""Claims and the volumes they get: `binding` decides (pure), `controller` binds, provisions and reclaims, `protection`
keeps what is in use.

Source: kubernetes/pkg/controller/volume/{persistentvolume,pvcprotection,pvprotection}.
"""
