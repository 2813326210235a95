# A short clip made, encoded with threads, and decoded again.
set -eu
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -f lavfi -i sine=frequency=440:duration=1 \
    -pix_fmt yuv420p -threads 4 -c:v libx264 -preset veryfast -c:a aac -y clip.mp4
ffmpeg -nostdin -v error -threads 4 -i clip.mp4 -pix_fmt yuv420p -f rawvideo -y clip.yuv
x264 --quiet --threads 4 --preset fast --input-res 160x120 --fps 25 -o clip.264 clip.yuv
ffmpeg -nostdin -v error -i clip.264 -f framemd5 - | md5sum
ls -l clip.mp4 clip.yuv clip.264
