"""Encoder of the mobile network: heat-maps, features and joint positions to the latent."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfhand.constants import NUM_JOINTS
from tfhand.layers import BatchNorm, HeatmapPooling
from tfhand.models.lite_heatmaps import pointwise, separable
from tfhand.models.presets import Preset


def lite_encoder(stage: dict[str, Any], joints_uv: Any, preset: Preset) -> Any:
    """What depth can be read from: where the joints are, how the picture looks there, and the whole of it.

    The paper's sum of heat-maps and features goes down to stride 32 by separable convolutions, taking in
    the decoder's and the trunk's deeper features on the way. Beside that map stand the features under each
    joint's heat-map (`HeatmapPooling`) and the joints' u, v.

    Args:
        stage: tensors of the heat-map stage: `heatmaps` (logits), `decoder_4`, `decoder_8`, `decoder_16`
            and `deep`.
        joints_uv: (B, 21, 2) u, v of the joints in 0..1.
        preset: with a `LiteEncoderConfig` as encoder.

    Returns:
        (B, L) latent; every part of it ends with batch norm and ReLU but u, v.
    """
    config = preset.encoder
    width = stage["decoder_4"].shape[-1]
    x = layers.Add(name="encoder_sum")(
        [
            pointwise(stage["heatmaps"], width, "encoder_heatmaps", preset, activation=False),
            pointwise(stage["decoder_4"], width, "encoder_features", preset, activation=False),
        ]
    )
    x = layers.ReLU(max_value=6.0, name="encoder_relu6")(x)
    beside = (stage["decoder_8"], stage["decoder_16"], stage["deep"])
    for stride, channels, features in zip((8, 16, 32), config.channels, beside, strict=True):
        x = separable(x, channels, 2, f"encoder_{stride}", preset)
        skip = pointwise(features, channels, f"encoder_{stride}_skip", preset, activation=False)
        x = layers.Add(name=f"encoder_{stride}_sum")([x, skip])
        x = BatchNorm(preset.norm_momentum, preset.norm_epsilon, name=f"encoder_{stride}_sum_bn")(x)
        x = layers.ReLU(max_value=6.0, name=f"encoder_{stride}_sum_relu6")(x)
    at_joints = HeatmapPooling(name="joint_pooling")([stage["heatmaps"], stage["decoder_4"]])
    at_joints = layers.Dense(config.joint_features, use_bias=False, name="joint_features")(at_joints)
    at_joints = BatchNorm(preset.norm_momentum, preset.norm_epsilon, name="joint_features_bn")(at_joints)
    at_joints = layers.ReLU(max_value=6.0, name="joint_features_relu6")(at_joints)
    # Centred, and scaled to about unit variance for a hand that fills the crop.
    uv = layers.Rescaling(4.0, -2.0, name="joint_uv_scaled", dtype="float32")(joints_uv)
    return layers.Concatenate(name="latent")(
        [
            layers.Flatten(name="latent_map")(x),
            layers.Flatten(name="latent_joint_features")(at_joints),
            layers.Reshape((NUM_JOINTS * 2,), name="latent_joint_uv")(uv),
        ]
    )
