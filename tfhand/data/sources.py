"""Where the datasets come from: what `python -m tfhand.data info` prints and messages about missing data say.

Addresses and names of archives are those of the sets' own pages, as their users' download scripts have them. Nothing is
downloaded by this package: all but the synthetic hands are for research only and stay in the folder of whoever got them.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset's origin.

    Attributes:
        name: of the dataset, and of its folder in the folder of all data.
        title: in words.
        page: where it is described and downloaded.
        files: what to download.
        unpack: what to do with these, and what the folder then holds.
        licence: what it may be used for, in a line.
    """

    name: str
    title: str
    page: str
    files: tuple[str, ...]
    unpack: str
    licence: str

    @property
    def instructions(self) -> str:
        """One paragraph that says all there is to do."""
        return f"Get {self.title} at {self.page} ({', '.join(self.files)}; {self.licence}). {self.unpack}"


_SYNTHETIC = "python -m tfhand.synthetic generate --split train --out {}/train"

#: The sources by the name of their dataset.
SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="synthetic",
            title="rendered hands",
            page="this package",
            files=(_SYNTHETIC.format("synthetic"),),
            unpack="Render each split into a folder of its own: train/ and validation/.",
            licence="yours",
        ),
        Source(
            name="synthetic_target",
            title="rendered hands of another world",
            page="this package",
            files=("python -m tfhand.synthetic generate --help",),
            unpack="Render each split into a folder of its own: train/ and validation/.",
            licence="yours",
        ),
        Source(
            name="real_world",
            title="the real-world test set of Ge et al.",
            page="https://github.com/3d-hand-shape/hand-graph-cnn/tree/master/data/real_world_testset",
            files=("params.mat", "pose_gt.mat", "images/"),
            unpack="The folder holds params.mat, pose_gt.mat and images/*.jpg.",
            licence="research only, for evaluation alone",
        ),
        Source(
            name="stb",
            title="the Stereo Hand Pose Tracking Benchmark (STB)",
            page="https://github.com/zhjwustc/icip17_stereo_hand_pose_dataset (its readme links the files)",
            files=("B1Counting.zip, B1Random.zip ... B6Random.zip", "labels.zip"),
            unpack=(
                "Unpack each sequence to images/B1Counting/ ... (some archives hold their folder, some the bare files; "
                "without images/ between is fine too) and labels.zip to labels/B1Counting_BB.mat, "
                "labels/B1Counting_SK.mat ..."
            ),
            licence="MIT licence in its repository; cite Zhang et al. 2017",
        ),
        Source(
            name="rhd",
            title="the Rendered Handpose Dataset, version 2 (RHD)",
            page="https://lmb.informatik.uni-freiburg.de/resources/datasets/RenderedHandposeDataset.en.html",
            files=("RHD_v1-1.zip",),
            unpack="It holds RHD_published_v2/ with training/ and evaluation/.",
            licence="research only, not commercial; cite Zimmermann and Brox 2017",
        ),
        Source(
            name="freihand",
            title="FreiHAND",
            page="https://lmb.informatik.uni-freiburg.de/projects/freihand/",
            files=("FreiHAND_pub_v2.zip", "FreiHAND_pub_v2_eval.zip, for labels of the evaluation images"),
            unpack="Unpack both to one folder, which holds training/, evaluation/, training_*.json and evaluation_*.json.",
            licence="research only, not commercial; cite Zimmermann et al. 2019",
        ),
        Source(
            name="ge_synthetic",
            title="the synthetic hands of Ge et al.",
            page="https://github.com/3d-hand-shape/hand-graph-cnn",
            files=("the image archives l01 ... l30", "hand_3D_mesh.zip", "3D_labels/ of the repository"),
            unpack=(
                "The folder (synthetic_train_val) holds images/l01/cam01/*.png ..., hand_3D_mesh/*.obj, "
                "3D_labels/camPosition.txt and 3D_labels/handGestures.txt."
            ),
            licence="research only",
        ),
    )
}
