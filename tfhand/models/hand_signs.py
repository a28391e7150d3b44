"""The fourth stage: whether the crop holds a hand, and whether it is one of the side that the network knows."""

from __future__ import annotations

import keras
from keras import layers

from tfhand.layers import BatchNorm, HeatmapPooling, PoseCues, StopGradient
from tfhand.models.encoder import heatmap_inputs
from tfhand.models.presets import Preset

#: How the names of all its layers with weights begin.
SIGN_PREFIX = "sign_"


def build_hand_signs(heatmap_stage: keras.Model, preset: Preset) -> keras.Model:
    """Functional model: outputs of the heat-map stage -> (B, 2) float32 `sign_logits`.

    It reads the mean of the trunk's deepest features, the features under each joint's heat-map, and the joints' own
    places (`PoseCues`): sides are told by which finger is where and by which face of the hand is seen. Heat-maps are read
    as they are: gradients go to the features, so no map is bent to say a side.

    Args:
        heatmap_stage: whose outputs are this stage's inputs; of a `LiteConfig`.
        preset: with a `SignsConfig`.
    """
    config, norm = preset.signs, (preset.norm_momentum, preset.norm_epsilon)
    stage = heatmap_inputs(heatmap_stage)
    maps = StopGradient(name="sign_heatmaps")(stage["heatmaps"])
    at_joints = HeatmapPooling(name="sign_pooling")([maps, stage["decoder_4"]])
    at_joints = layers.Dense(config.joint_features, use_bias=False, name="sign_joints")(at_joints)
    at_joints = BatchNorm(*norm, name="sign_joints_bn")(at_joints)
    at_joints = layers.ReLU(max_value=6.0, name="sign_joints_relu6")(at_joints)
    # The hidden layer, a matrix for each kind of feature: in 8 bits, all that is concatenated shares the steps of the widest.
    x = layers.Add(name="sign_fc_0")(
        [
            layers.Dense(config.hidden, use_bias=False, name=f"{name}_fc")(features)
            for name, features in (
                ("sign_deep", layers.GlobalAveragePooling2D(name="sign_deep")(stage["deep"])),
                ("sign_joints", layers.Flatten(name="sign_joints_flat")(at_joints)),
                ("sign_cues", PoseCues(name="sign_cues")(maps)),
            )
        ]
    )
    x = BatchNorm(*norm, name="sign_fc_0_bn")(x)
    x = layers.ReLU(max_value=6.0, name="sign_fc_0_relu6")(x)
    logits = layers.Dense(2, name="sign_fc_1", dtype="float32")(x)
    return keras.Model({name: stage[name] for name in ("deep", "decoder_4", "heatmaps")}, logits, name="sign_stage")
